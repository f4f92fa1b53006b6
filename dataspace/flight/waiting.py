"""Waiting for an answer on behalf of a caller, who may leave meanwhile."""

import concurrent.futures
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pyarrow.flight as fl

T = TypeVar("T")

_LOOK_SECONDS = 0.25
_SHORT_SECONDS = 0.02
"""That the reader of an answer is not told of its beginning: it may be whole by then."""


def attended(
    context: Any,
    future: concurrent.futures.Future[T],
    seconds: float | None = None,
    hurried: Callable[[], None] = lambda: None,
) -> T:
    """Wait as long as somebody is there to be told. Raises TimeoutError, FlightCancelledError."""
    deadline = None if seconds is None else time.monotonic() + seconds
    look = _SHORT_SECONDS
    while True:
        try:
            return future.result(look)
        except TimeoutError:
            if context.is_cancelled():
                raise fl.FlightCancelledError("The question was cancelled. [cancelled]") from None
            if deadline is not None and time.monotonic() > deadline:
                raise
            hurried()
            look = _LOOK_SECONDS
