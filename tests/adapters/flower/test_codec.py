"""The codec: what was packed comes back, and anything else is refused before it costs memory."""

import io
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dataspace.adapters.flower import codec
from dataspace.adapters.flower.private import ConfigRecord, RecordDict
from dataspace.errors import InvalidRequest
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import SiteMessage, SiteReply, Step

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(), JSON, max_size=4)
ARRAYS = st.dictionaries(
    st.text("abz09_.:/-", min_size=1, max_size=20),
    st.sampled_from(sorted(codec.DTYPES, key=str)).flatmap(
        lambda dtype: arrays.arrays(
            dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
        )
    ),
    max_size=3,
)
MESSAGE = SiteMessage(RunId("r-1"), 3, Step.FIT, {"plan": {"by": ["site"]}}, {"beta": np.arange(3.0)})
REPLY = SiteReply(SiteName("a"), {"n": 3}, {"gradient": np.arange(3.0)})


def same(left: Any, right: Any) -> bool:
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype
        and left[name].shape == right[name].shape
        and left[name].tobytes() == np.ascontiguousarray(right[name]).tobytes()
        for name in left
    )


def edited(record: RecordDict, **values: Any) -> RecordDict:
    """The record with some values of its one part replaced."""
    return RecordDict({"dataspace": ConfigRecord({**dict(record["dataspace"]), **values})})


def fields_of(record: RecordDict) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(str(record["dataspace"]["document"]))
    return fields


@given(st.sampled_from(Step), st.integers(0, 10**6), DOCUMENTS, ARRAYS)
def test_a_message_arrives_as_it_was_sent(step: Step, number: int, document: Any, given_arrays: Any) -> None:
    sent = SiteMessage(RunId("r-1"), number, step, document, given_arrays)
    got = codec.message_from_record(codec.message_to_record(sent), "f00")
    assert (got.run, got.round, got.step, got.document) == (sent.run, number, step, document)
    assert got.app_hash == "f00"
    assert same(got.arrays, given_arrays)


@given(DOCUMENTS, ARRAYS)
def test_an_update_arrives_as_it_was_sent(document: Any, given_arrays: Any) -> None:
    got = codec.reply_from_record(
        codec.reply_to_record(SiteReply(SiteName("liar"), document, given_arrays)), SiteName("a")
    )
    assert got.site == "a", "the name comes from the node's key, not from the reply"
    assert got.document == document
    assert same(got.arrays, given_arrays)


def test_a_refusal_arrives_with_its_code_and_reason() -> None:
    sent = SiteReply(SiteName("a"), refused="policy.forbidden", reason="Advertising is forbidden here.")
    assert codec.reply_from_record(codec.reply_to_record(sent), SiteName("a")) == sent


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_never_taken_for_an_array(data: bytes) -> None:
    record = edited(codec.reply_to_record(REPLY), **{"array:gradient": data})
    with pytest.raises(InvalidRequest):
        codec.reply_from_record(record, SiteName("a"))


def npy(header: dict[str, Any], body: bytes) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + body


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("a pickle", pickle.dumps(np.arange(3.0))),
        ("objects", npy({"descr": "|O", "fortran_order": False, "shape": (1,)}, pickle.dumps([1]))),
        ("a claim of 8 TB", npy({"descr": "<f8", "fortran_order": False, "shape": (10**12,)}, b"x" * 8)),
        ("a negative side", npy({"descr": "<f8", "fortran_order": False, "shape": (-1, -1)}, b"x" * 8)),
        ("columns first", npy({"descr": "<f8", "fortran_order": True, "shape": (1, 2)}, b"x" * 16)),
        ("another byte order", npy({"descr": ">f8", "fortran_order": False, "shape": (1,)}, b"x" * 8)),
        ("text", npy({"descr": "<U2", "fortran_order": False, "shape": (1,)}, b"x" * 8)),
        ("bytes left over", npy({"descr": "<f8", "fortran_order": False, "shape": (1,)}, b"x" * 9)),
    ],
)
def test_an_array_that_this_side_would_not_have_written_is_refused(what: str, data: bytes) -> None:
    record = edited(codec.message_to_record(MESSAGE), **{"array:beta": data})
    with pytest.raises(InvalidRequest):
        codec.message_from_record(record, "")


@pytest.mark.parametrize(
    "record",
    [
        RecordDict({}),
        RecordDict({"other": ConfigRecord({"document": "{}"})}),
        RecordDict({**codec.message_to_record(MESSAGE), "more": ConfigRecord({})}),
        codec.reply_to_record(REPLY),
        edited(codec.message_to_record(MESSAGE), format="dataspace/2/message"),
        edited(codec.message_to_record(MESSAGE), surprise="x"),
        edited(codec.message_to_record(MESSAGE), document=b"{}"),
        edited(codec.message_to_record(MESSAGE), document="[" * 100_000),
        edited(codec.message_to_record(MESSAGE), document='{"run": NaN}'),
        edited(codec.message_to_record(MESSAGE), **{"array:../../etc": b""}),
    ],
)
def test_a_record_of_another_form_is_refused(record: RecordDict) -> None:
    with pytest.raises(InvalidRequest):
        codec.message_from_record(record, "")


@pytest.mark.parametrize(
    "change",
    [{"step": "delete"}, {"round": -1}, {"round": True}, {"run": ""}, {"document": []}, {"extra": 1}],
)
def test_a_message_with_other_fields_is_refused(change: dict[str, Any]) -> None:
    record = codec.message_to_record(MESSAGE)
    document = json.dumps({**fields_of(record), **change})
    with pytest.raises(InvalidRequest):
        codec.message_from_record(edited(record, document=document), "")


def test_a_reply_is_an_update_or_a_refusal_and_never_both() -> None:
    record = codec.reply_to_record(REPLY)
    document = json.dumps({**fields_of(record), "refused": "policy.forbidden"})
    with pytest.raises(InvalidRequest, match="neither"):
        codec.reply_from_record(edited(record, document=document), SiteName("a"))


@pytest.mark.parametrize(
    "sent",
    [
        SiteMessage(RunId("r"), 0, Step.FIT, {"x": float("nan")}),
        SiteMessage(RunId("r"), 0, Step.FIT, {"x": object()}),
        SiteMessage(RunId("r"), 0, Step.FIT, {}, {"beta": np.array([object()])}),
        SiteMessage(RunId("r"), 0, Step.FIT, {}, {"be ta": np.arange(3.0)}),
        SiteMessage(RunId("r"), 0, Step.FIT, {"x": "y" * codec.DOCUMENT_BYTES}),
        SiteMessage(RunId("r"), 0, Step.FIT, {}, {str(i): np.zeros(1) for i in range(codec.ARRAYS + 1)}),
    ],
)
def test_what_would_be_refused_there_is_not_sent(sent: SiteMessage) -> None:
    with pytest.raises(InvalidRequest):
        codec.message_to_record(sent)


def test_arrays_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    record = codec.reply_to_record(REPLY)
    monkeypatch.setattr(codec, "ARRAYS_BYTES", 100)
    with pytest.raises(InvalidRequest, match="too large"):
        codec.reply_from_record(record, SiteName("a"))
