"""dataspace: lawful, private, provable access to data that stays where it is.

    >>> import dataspace
    >>> hub = dataspace.connect("https://hub.example", token="…")     # doctest: +SKIP
    >>> dataspace.create("hub-home", {"ana": "researcher"})           # doctest: +SKIP
    >>> hub = dataspace.open("hub-home", principal="ana")             # doctest: +SKIP
    >>> hub.sql("SELECT type, count(*) FROM medpar GROUP BY type", permit="P-7")     # doctest: +SKIP

Nothing is loaded before it is used: the names below are fetched from their modules on first access.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataspace.client.answers import Answer
    from dataspace.client.fits import Fit
    from dataspace.client.hub import Hub
    from dataspace.client.refusals import Explanation, Refused
    from dataspace.connecting import EmbeddedFederation, connect
    from dataspace.connecting import create_hub as create
    from dataspace.connecting import open_hub as open
    from dataspace.errors import AccessDenied, BudgetExceeded, DataspaceError

__all__ = [
    "connect",
    "open",
    "create",
    "EmbeddedFederation",
    "Hub",
    "Answer",
    "Explanation",
    "Fit",
    "DataspaceError",
    "AccessDenied",
    "Refused",
    "BudgetExceeded",
]

_PLACES = {
    "connect": ("dataspace.connecting", "connect"),
    "open": ("dataspace.connecting", "open_hub"),
    "create": ("dataspace.connecting", "create_hub"),
    "EmbeddedFederation": ("dataspace.connecting", "EmbeddedFederation"),
    "Hub": ("dataspace.client.hub", "Hub"),
    "Answer": ("dataspace.client.answers", "Answer"),
    "Explanation": ("dataspace.client.refusals", "Explanation"),
    "Fit": ("dataspace.client.fits", "Fit"),
    "DataspaceError": ("dataspace.errors", "DataspaceError"),
    "AccessDenied": ("dataspace.errors", "AccessDenied"),
    "Refused": ("dataspace.client.refusals", "Refused"),
    "BudgetExceeded": ("dataspace.errors", "BudgetExceeded"),
}


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext dataspace` makes `%%dataspace` known: a cell of SQL."""
    from dataspace.client.magic import load

    load(shell)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'dataspace' has no attribute '{name}'")
    module, attribute = _PLACES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
