"""Messages and replies as Flower records, and back: one record with a JSON document and arrays in NumPy's own format.

All of a message is one `ConfigRecord`, because each Flower object costs a request at every hop (link, node, guard), and
because an `ArrayRecord` may name the same chunk any number of times, so that a small message unfolds to a huge one.
What is not known is refused; nothing is unpickled; no array is allocated before its size was checked against its bytes.
"""

import io
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.adapters.flower.private import ConfigRecord, RecordDict
from dataspace.errors import InvalidRequest
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import Arrays, SiteMessage, SiteReply, Step

FORMAT = "dataspace/1"
DOCUMENT_BYTES = 4 << 20
"""A document may be this long in UTF-8."""
ARRAYS_BYTES = 256 << 20
"""All arrays of a message together."""
ARRAYS = 1024
DTYPES = frozenset(np.dtype(name) for name in ("bool", "<i4", "<i8", "<u4", "<u8", "<f4", "<f8", "|u1"))

_RECORD = "dataspace"
_ARRAY = "array:"
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,200}")
_REFUSAL = re.compile(r"[a-z][a-z0-9.-]{0,63}")
_MESSAGE_FIELDS = {"run": str, "round": int, "step": str, "document": dict}
_REPLY_FIELDS = {"document": dict, "refused": str, "reason": str, "signature": str}


def message_to_record(message: SiteMessage) -> RecordDict:
    """What travels to a site. The hash of the app does not: the site computes it from what it received."""
    fields = {
        "run": str(message.run),
        "round": message.round,
        "step": message.step.value,
        "document": dict(message.document),
    }
    return _pack("message", fields, message.arrays)


def message_from_record(record: RecordDict, app_hash: str) -> SiteMessage:
    """What a site received; raises InvalidRequest for anything that this side would not have written."""
    fields, arrays = _unpack("message", _MESSAGE_FIELDS, record)
    try:
        step = Step(fields["step"])
    except ValueError as error:
        raise InvalidRequest("The message names an unknown step.") from error
    if fields["round"] < 0 or not 0 < len(fields["run"]) <= 200:
        raise InvalidRequest("The message's run or round is out of range.")
    return SiteMessage(RunId(fields["run"]), fields["round"], step, fields["document"], arrays, app_hash)


def reply_to_record(reply: SiteReply) -> RecordDict:
    """What travels back. The site's name does not: the coordinator knows it from the node's own key."""
    fields = {
        "document": dict(reply.document),
        "refused": reply.refused,
        "reason": reply.reason,
        "signature": reply.signature,
    }
    return _pack("reply", fields, reply.arrays)


def reply_from_record(record: RecordDict, site: SiteName) -> SiteReply:
    """What the node of `site` answered; raises InvalidRequest for anything that this side would not have written."""
    fields, arrays = _unpack("reply", _REPLY_FIELDS, record)
    refused = fields["refused"]
    if refused and (not _REFUSAL.fullmatch(refused) or arrays or fields["document"]):
        raise InvalidRequest("The reply is neither an update nor a refusal.")
    return SiteReply(site, fields["document"], arrays, refused, fields["reason"], fields["signature"])


def _pack(kind: str, fields: Mapping[str, Any], arrays: Arrays) -> RecordDict:
    try:
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"The {kind} is not JSON.") from error
    packed = {_ARRAY + name: _array_to_bytes(name, array) for name, array in arrays.items()}
    _check_sizes(kind, len(text.encode()), [len(data) for data in packed.values()])
    return RecordDict({_RECORD: ConfigRecord({"format": f"{FORMAT}/{kind}", "document": text, **packed})})


def _unpack(kind: str, expected: Mapping[str, type], record: RecordDict) -> tuple[dict[str, Any], Arrays]:
    values = record.get(_RECORD) if set(record) == {_RECORD} else None
    if not isinstance(values, ConfigRecord) or values.get("format") != f"{FORMAT}/{kind}":
        raise InvalidRequest(f"This is not a {kind} of format {FORMAT}.")
    text = values.get("document")
    packed = {name: data for name, data in values.items() if name not in ("format", "document")}
    if not isinstance(text, str) or not all(
        name.startswith(_ARRAY) and isinstance(data, bytes) for name, data in packed.items()
    ):
        raise InvalidRequest(f"The {kind} has parts that are not known.")
    _check_sizes(kind, len(text.encode()), [len(data) for data in packed.values()])
    fields = _document(kind, text)
    if set(fields) != set(expected) or any(
        type(fields[name]) is not type_ for name, type_ in expected.items()
    ):
        raise InvalidRequest(f"The {kind} does not have the fields of format {FORMAT}.")
    return fields, {
        name.removeprefix(_ARRAY): _array_from_bytes(name.removeprefix(_ARRAY), data)
        for name, data in packed.items()
    }


def _document(kind: str, text: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise InvalidRequest(f"The {kind} has a number that is not finite.")

    try:
        fields = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The {kind} is not JSON.") from error
    if not isinstance(fields, dict):
        raise InvalidRequest(f"The {kind} is not a JSON object.")
    return fields


def _check_sizes(kind: str, document: int, arrays: list[int]) -> None:
    if document > DOCUMENT_BYTES or len(arrays) > ARRAYS or sum(arrays) > ARRAYS_BYTES:
        raise InvalidRequest(
            f"The {kind} is too large.",
            f"At most {DOCUMENT_BYTES >> 20} MB of document and {ARRAYS_BYTES >> 20} MB in {ARRAYS} arrays.",
        )


def _array_to_bytes(name: str, array: npt.NDArray[Any]) -> bytes:
    if not _NAME.fullmatch(name):
        raise InvalidRequest("The name of an array has characters that are not allowed.")
    if array.dtype.newbyteorder("<") not in DTYPES:
        raise InvalidRequest(f"Arrays of type {array.dtype} do not travel.")
    buffer = io.BytesIO()
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
    np.save(buffer, little, allow_pickle=False)
    return buffer.getvalue()


def _array_from_bytes(name: str, data: bytes) -> npt.NDArray[Any]:
    """NumPy's format, version 1.0, row by row, without NumPy's loader: it allocates what a header claims."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest("The name of an array has characters that are not allowed.")
    buffer = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(buffer)
        shape, column_by_column, dtype = np.lib.format.read_array_header_1_0(buffer)
    except (ValueError, SyntaxError, TypeError) as error:
        raise InvalidRequest("An array is not in NumPy's format.") from error
    rest = len(data) - buffer.tell()
    if version != (1, 0) or column_by_column or dtype not in DTYPES or any(side < 0 for side in shape):
        raise InvalidRequest("An array has a type or layout that does not travel.")
    if math.prod(shape) * dtype.itemsize != rest:
        raise InvalidRequest("An array is not as long as its header says.")
    array: npt.NDArray[Any] = np.frombuffer(data, dtype=dtype, offset=buffer.tell()).reshape(shape)
    return array
