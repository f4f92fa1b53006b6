"""Files in memory through which rows go to one copy of the guest, and numbers come back: sealed, of a fixed size."""

import fcntl
import json
import os
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.adapters.duckdb.wire import pack_arrays, unpack_arrays
from dataspace.model.runs import Arrays

_HEAD = struct.Struct("!I")
_FIXED = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def written_arrays(arrays: Arrays) -> int:
    """A file that holds these arrays, and that nobody can change. Whoever asks closes it."""
    described, blobs = pack_arrays(arrays)
    head = json.dumps(described).encode()
    handle = os.memfd_create("rows", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(os.dup(handle), "wb") as file:
            file.writelines([_HEAD.pack(len(head)), head, *blobs])
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS, _FIXED | fcntl.F_SEAL_WRITE)
    except BaseException:
        os.close(handle)
        raise
    return handle


def read_arrays(handle: int) -> dict[str, Any]:
    """What `written_arrays` wrote."""
    content = _pread(handle, os.fstat(handle).st_size)
    (length,) = _HEAD.unpack_from(content)
    described = json.loads(content[_HEAD.size : _HEAD.size + length])
    blobs, at = [], _HEAD.size + length
    for entry in described:
        size = int(np.prod(entry["shape"], dtype=np.int64)) * np.dtype(entry["dtype"]).itemsize
        blobs.append(content[at : at + size])
        at += size
    return unpack_arrays(described, blobs)


def empty(numbers: int) -> int:
    """A file for so many numbers, all of them 0 yet, that cannot grow. Whoever asks closes it."""
    handle = os.memfd_create("numbers", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(handle, numbers * 8)
    fcntl.fcntl(handle, fcntl.F_ADD_SEALS, _FIXED)
    return handle


def numbers_of(handle: int, numbers: int) -> npt.NDArray[np.float64]:
    """The numbers in it."""
    return np.frombuffer(_pread(handle, numbers * 8), np.float64).copy()


def _pread(handle: int, size: int) -> bytes:
    pieces, at = [], 0
    while at < size:
        piece = os.pread(handle, size - at, at)
        if not piece:
            raise ValueError("a file that is shorter than it was")
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)
