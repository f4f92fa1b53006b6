"""Frames between the gateway and its confined processes: a JSON header, raw blobs behind it, open files beside it."""

import array
import json
import os
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataspace.model.runs import Arrays

_PREFIX = struct.Struct("!II")
_TIMEVAL = struct.Struct("@ll")
"""Seconds and microseconds, as the socket options for patience are set."""
_MAXIMUM_HEADER = 64 * 2**20
_MAXIMUM_BLOB = 2**31
_MAXIMUM_FILES = 64


class Broken(Exception):
    """The other side is gone, too slow, or does not speak this language."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. Whoever receives it owns `files`."""

    document: Mapping[str, Any]
    blobs: tuple[bytes, ...] = ()
    files: tuple[int, ...] = ()


class Channel:
    """One end of a socket pair. Not for two threads at once."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        # The system waits, and not Python: it can then take all of a large piece at once.
        self._end.settimeout(None)
        self._waits: dict[int, float | None] = {}

    def send(
        self,
        document: Mapping[str, Any],
        blobs: Sequence[bytes | memoryview] = (),
        files: Sequence[int] = (),
        seconds: float | None = None,
    ) -> None:
        """Send one frame. Raises Broken where the other side does not take it."""
        sizes = [len(blob) for blob in blobs]
        header = json.dumps({"document": document, "sizes": sizes}, separators=(",", ":")).encode()
        try:
            self._patient(socket.SO_SNDTIMEO, seconds)
            # In one go, where it fits: the other side wakes once, and finds all of it.
            begun = _PREFIX.pack(len(header), len(files)) + header
            sent = socket.send_fds(self._end, [begun], list(files))
            self._end.sendall(memoryview(begun)[sent:])
            for blob in blobs:
                self._end.sendall(blob)
        except OSError as error:
            raise Broken("the other side does not take it") from error

    def receive(self, seconds: float | None = None) -> Frame:
        """The next frame. Raises Broken after `seconds`, and where the other side is gone."""
        deadline = None if seconds is None else time.monotonic() + seconds
        files: list[int] = []
        prefix = self._read(_PREFIX.size, deadline, files)
        length, expected = _PREFIX.unpack(prefix)
        if length > _MAXIMUM_HEADER or expected != len(files):
            raise Broken("a frame that nobody would send")
        try:
            header = json.loads(self._read(length, deadline))
            sizes = [int(size) for size in header["sizes"]]
            document = header["document"]
        except (ValueError, KeyError, TypeError) as error:
            raise Broken("a header that cannot be read") from error
        if not isinstance(document, dict) or any(not 0 <= size <= _MAXIMUM_BLOB for size in sizes):
            raise Broken("a frame that nobody would send")
        return Frame(document, tuple(self._read(size, deadline) for size in sizes), tuple(files))

    def close(self) -> None:
        """Hang up."""
        self._end.close()

    def _read(self, size: int, deadline: float | None, files: list[int] | None = None) -> bytes:
        """So many bytes, in one go: a reader that wakes for each piece waits its turn among the threads each time."""
        pieces, filled = list[bytes](), 0
        while filled < size:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise Broken("too slow")
            try:
                self._patient(socket.SO_RCVTIMEO, left)
                if files is None:
                    piece = self._end.recv(size - filled, socket.MSG_WAITALL)
                else:
                    room = socket.CMSG_SPACE(_MAXIMUM_FILES * array.array("i").itemsize)
                    piece, ancillary, _, _ = self._end.recvmsg(size - filled, room)
                    files += _files(ancillary)
            except OSError as error:
                raise Broken("too slow, or gone") from error
            if not piece:
                raise Broken("gone")
            pieces.append(piece)
            filled += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _patient(self, which: int, seconds: float | None) -> None:
        """How long the system waits for the other side; zero is for ever there. Raises OSError, ValueError."""
        if seconds != self._waits.get(which):
            whole, part = divmod(max(seconds, 0.001), 1) if seconds is not None else (0, 0)
            self._end.setsockopt(socket.SOL_SOCKET, which, _TIMEVAL.pack(int(whole), int(part * 1_000_000)))
            self._waits[which] = seconds


def inherited(number: int) -> Channel:
    """The socket that a child was given, moved to the lowest free number.

    A busy gateway has hundreds of files open, so what it hands down may have any number, also one of those at which
    the worker puts its cuts: the cut would take the place of the socket.
    """
    moved = os.dup(number)
    os.close(number)
    return Channel(socket.socket(fileno=moved))


def _files(ancillary: Sequence[tuple[int, int, bytes]]) -> list[int]:
    numbers = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return list(numbers)


def pack_arrays(arrays: Arrays) -> tuple[list[dict[str, Any]], list[bytes]]:
    """A description of each array, and its bytes."""
    described, blobs = [], []
    for name, values in arrays.items():
        plain = np.ascontiguousarray(values)
        if plain.dtype.kind not in "fiub":
            raise ValueError(f"an array of {plain.dtype} does not travel")
        described.append({"name": name, "dtype": plain.dtype.str, "shape": list(np.shape(values))})
        blobs.append(plain.tobytes())
    return described, blobs


def unpack_arrays(described: Sequence[Mapping[str, Any]], blobs: Sequence[bytes]) -> dict[str, Any]:
    """The arrays, writable. Raises ValueError where description and bytes do not fit."""
    arrays = {}
    for entry, blob in zip(described, blobs, strict=True):
        kind = np.dtype(str(entry["dtype"]))
        if kind.kind not in "fiub":
            raise ValueError(f"an array of {kind} does not travel")
        arrays[str(entry["name"])] = np.frombuffer(blob, kind).reshape(entry["shape"]).copy()
    return arrays
