"""Fetching an answer: wait for one's turn, take it piece by piece, and go on where a connection broke."""

import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext
from typing import Any

from dataspace.client.tables import number, printable
from dataspace.client.wire import Wire
from dataspace.errors import Busy, DataspaceError, SourceError

Progress = Callable[[int, int | None], None]
"""Told the bytes that have come, and how many there will be where that is known.

Where it has a method `waits(stage, dataset, share)`, that is told what the question waits for before anything comes:
its `turn`, a `cut` of a dataset of which this share is there, or the `engine`.
"""
Waits = Callable[[str, str, float], None]

ARROW = "application/vnd.apache.arrow.stream"
ANSWER = "Dataspace-Answer"
_TRIES = 5
_PAUSE_SECONDS = 0.5
_PATIENCE_SECONDS = 120.0
_BAR_AFTER_SECONDS = 1.0
_LOOK_SECONDS = 0.5


def fetched(
    wire: Wire, path: str, body: Mapping[str, Any], progress: Progress | None = None
) -> tuple[bytes, Mapping[str, str]]:
    """The whole body of an answer, and its headers. Raises what the hub refuses with, and SourceError."""
    received, headers, tries = bytearray(), dict[str, str](), 0
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        while True:
            try:
                again = _place(headers) if headers else None
                _read(wire, path, body, again, received, headers, progress)
                return bytes(received), headers
            except Busy as busy:
                if time.monotonic() + busy.retry_after > deadline:
                    raise
                time.sleep(busy.retry_after)
            except SourceError as error:
                # Only a connection that broke; and before there is an answer to go on with, asking again could be
                # answered (and charged) twice.
                tries += 1
                if type(error) is not SourceError or ANSWER.lower() not in headers or tries > _TRIES:
                    raise
                time.sleep(_PAUSE_SECONDS * tries)
    except KeyboardInterrupt:
        _ended(wire, headers)
        raise


def _read(
    wire: Wire,
    path: str,
    body: Mapping[str, Any],
    again: str | None,
    received: bytearray,
    headers: dict[str, str],
    progress: Progress | None,
) -> None:
    accept = {"Accept": ARROW}
    if again is None:
        told = getattr(progress, "waits", None)
        watch = Watch(wire, told) if told is not None and path == "/query" else nullcontext()
        name = {"Dataspace-Question": watch.name} if isinstance(watch, Watch) else {}
        call = wire.opened("POST", path, json=body, headers={**accept, **name})
    else:
        watch = nullcontext()
        call = wire.opened("GET", again, headers={**accept, "Range": f"bytes={len(received)}-"})
    with ExitStack() as opened:
        with watch:
            response = opened.enter_context(call)
        headers.update({name.lower(): value for name, value in response.headers.items()})
        length = response.headers.get("content-length")
        whole = len(received) + int(length) if length and length.isdigit() else None
        for piece in response.iter_raw():
            received += piece
            if progress is not None:
                progress(len(received), whole)


def _place(headers: Mapping[str, str]) -> str | None:
    name = headers.get(ANSWER.lower())
    return f"/answers/{name}" if name else None


def _ended(wire: Wire, headers: Mapping[str, str]) -> None:
    """Whoever interrupts a question does not want the hub to go on with it."""
    if (place := _place(headers)) is not None:
        try:
            wire.delete(place)
        except DataspaceError:
            return  # the hub notices by itself that nobody reads


class Watch:
    """Asks now and then how a question stands, from the first second on until its answer begins."""

    def __init__(self, wire: Wire, told: Waits) -> None:
        self.name = secrets.token_urlsafe(16)
        self._wire, self._told = wire, told
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._look, name="progress", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._begun.set()
        self._thread.join()

    def _look(self) -> None:
        pause = _BAR_AFTER_SECONDS
        while not self._begun.wait(pause):
            pause = _LOOK_SECONDS
            try:
                said = self._wire.get(f"/questions/{self.name}")
                self._told(str(said["stage"]), str(said["dataset"]), float(said["share"]))
            except (DataspaceError, KeyError, TypeError, ValueError):
                continue  # an older hub, or the answer begins just now


class Bar:
    """A line on standard error that grows, for what takes longer than a second; only on a terminal or in a notebook."""

    def __init__(self) -> None:
        self._began, self._told = time.monotonic(), 0.0

    def __call__(self, received: int, whole: int | None) -> None:
        now = time.monotonic()
        if now - self._began < _BAR_AFTER_SECONDS or now - self._told < 0.2:
            return
        self._told = now
        share = f" of {number(round(whole / 1e6))}" if whole else ""
        speed = received / 1e6 / (now - self._began)
        sys.stderr.write(f"\r{number(round(received / 1e6))}{share} MB, {number(round(speed))} MB/s ")
        sys.stderr.flush()

    def waits(self, stage: str, dataset: str, share: float) -> None:
        """Nothing has come yet: what for."""
        words = {"turn": "waiting for a turn", "cut": f"preparing {printable(dataset)}: {share:.0%}"}
        self._told = time.monotonic()
        sys.stderr.write(f"\r{words.get(stage, 'running'):<48}\r")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away again."""
        if self._told:
            sys.stderr.write("\r" + " " * 48 + "\r")
            sys.stderr.flush()


def shown() -> Bar | None:
    """A bar where somebody looks."""
    return Bar() if sys.stderr.isatty() or "ipykernel" in sys.modules else None
