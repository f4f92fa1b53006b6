"""Rows of words as an aligned text table, or as HTML for a notebook."""

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """What is shown: words in rows, and which columns stand to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...] = ()

    def text(self, indent: str = "") -> str:
        """Columns two blanks apart, numbers to the right, no trailing blanks."""
        cells = [tuple(printable(word) for word in row) for row in (self.header, *self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.header))]
        right = self.right or (False,) * len(self.header)
        lines = [
            "  ".join(
                word.rjust(width) if to_right else word.ljust(width)
                for word, width, to_right in zip(row, widths, right, strict=True)
            )
            for row in cells
        ]
        return "\n".join(indent + line.rstrip() for line in lines)

    def html(self) -> str:
        """A table whose every word is escaped."""
        right = self.right or (False,) * len(self.header)
        head = "".join(f"<th>{escaped(word)}</th>" for word in self.header)
        body = "".join(f"<tr>{_html_row(row, right)}</tr>" for row in self.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _html_row(row: Sequence[str], right: Sequence[bool]) -> str:
    return "".join(
        f'<td style="text-align:right">{escaped(word)}</td>' if to_right else f"<td>{escaped(word)}</td>"
        for word, to_right in zip(row, right, strict=True)
    )


def printable(text: str) -> str:
    """The text on one line: what could move a terminal's cursor or change its colours is replaced."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def escaped(text: str) -> str:
    """The text as HTML."""
    return html.escape(printable(text), quote=True)


def number(value: float) -> str:
    """A number as people read it: thousands apart, at most four digits after the point."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def plus_minus(value: float, half: float) -> str:
    """A value with half the width of its interval, to two digits of that and never finer than the value itself."""
    places = 0 if isinstance(value, int) or not 0 < half < 10 else 1 - math.floor(math.log10(half))
    return f"{value:,.{places}f} ± {half:,.{places}f}"


def term(iri: str) -> str:
    """The word at the end of a term's IRI, as people read it: `…dpv#ScientificResearch` is Scientific Research."""
    word = re.split(r"[#/]", iri)[-1] if "://" in iri else iri.rpartition(":")[2]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", word)
