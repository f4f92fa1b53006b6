"""An application with what a refusal tells already filled in."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from dataspace.client.tables import printable


@dataclass(frozen=True, slots=True, repr=False)
class OpenApplication:
    """Not submitted yet: look at it, `fill` in what is missing, then `submit()`."""

    said: dict[str, Any]
    missing: tuple[str, ...] = ()
    """Facts that the refusal named, as a reminder."""
    _apply: Callable[..., Any] | None = field(default=None, compare=False)

    def fill(self, **more: Any) -> "OpenApplication":
        """The same with more said: `purpose`, `ethics`, `legal_basis`, `title`, …"""
        return replace(self, said={**self.said, **more})

    def submit(self, **more: Any) -> Any:
        """Hand it in at the hub; gives the application. Raises what `hub.apply` raises."""
        if self._apply is None:
            raise TypeError("this application belongs to no hub: type the line that it shows")
        return self._apply(**{**self.said, **more})

    @property
    def line(self) -> str:
        """What to type instead."""
        said = {"purpose": "…", **self.said}
        named = "".join(f", {name}={_word(value)}" for name, value in said.items() if name != "datasets")
        return f"hub.apply({_word(said['datasets'])}{named})"

    def __repr__(self) -> str:
        missing = f"\nThe refusal asked for: {', '.join(self.missing)}." if self.missing else ""
        return (
            f"Not submitted yet: {printable(self.line)}{missing}\n.submit(purpose=…, ethics=…) hands it in."
        )


def _word(value: object) -> str:
    if isinstance(value, str):
        return f'"{printable(value)}"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_word, value)) + "]"
    return printable(repr(value))
