"""Errors as Flight tells them: our own words and code. Of anything else, the client hears nothing of its cause."""

import functools
import logging
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

import pyarrow.flight as fl

from dataspace.errors import DataspaceError, NotAuthenticated
from dataspace.flight.commands import Unreadable

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("dataspace.flight")


def told(error: Exception) -> fl.FlightError:
    """The Flight error that stands for one. Only these: of any other, Flight would send the traceback."""
    match error:
        case fl.FlightError():
            return error
        case NotAuthenticated():
            return fl.FlightUnauthenticatedError(_words(error))
        case DataspaceError() if error.status in (403, 404):
            return fl.FlightUnauthorizedError(_words(error))
        case DataspaceError() if error.status in (429, 503):
            return fl.FlightUnavailableError(_words(error))
        case DataspaceError() if error.status < 500:
            return fl.FlightServerError(_words(error))
        case Unreadable():
            return fl.FlightServerError(f"{error} [request.invalid]")
    _log.error("a call failed", exc_info=error)
    return fl.FlightInternalError(
        "Something went wrong here. The hub's operator finds it in the log. [internal]"
    )


def _words(error: DataspaceError) -> str:
    if error.status >= 500:
        _log.warning("%s", error, exc_info=error.__cause__)
    return f"{error} [{error.code}]"


def answering(call: Callable[P, T]) -> Callable[P, T]:
    """A call that raises Flight errors only."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **named: P.kwargs) -> T:
        try:
            return call(*args, **named)
        except Exception as error:  # noqa: BLE001 - every one of them is translated
            raise told(error) from None

    return wrapped


def streaming(items: Iterator[T]) -> Iterator[T]:
    """The same items; what breaks them is a Flight error."""
    try:
        yield from items
    except Exception as error:  # noqa: BLE001 - every one of them is translated
        raise told(error) from None
