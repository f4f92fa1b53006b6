"""The rehearsal of a policy as a table."""

from dataclasses import dataclass

from dataspace.client.tables import Grid
from dataspace.model.replays import Affected, Effectuation, Replay

_WORDS = {
    Effectuation.GAINS: "gain",
    Effectuation.LOSES: "lose",
    Effectuation.TIGHTER: "get stricter limits",
    Effectuation.LOOSER: "get looser limits",
}


@dataclass(frozen=True, slots=True, repr=False)
class ReplayView:
    """What a policy would have changed. The noun has every line; the text below is for reading."""

    noun: Replay

    @property
    def digest(self) -> str:
        """Of the text that was rehearsed: give it to `publish_policy`, so that no other is published."""
        return self.noun.digest

    def __repr__(self) -> str:
        noun = self.noun
        head = (
            f"{noun.policy} · {noun.requests:,} recorded requests since {noun.since:%d %b %Y} · "
            f"{noun.unchanged:,} unchanged · digest {noun.digest[:12]}"
        )
        lines = [head, *self._people(), f"Smallest group that an answer may show: {self._groups()}"]
        if noun.affected:
            lines.append(self._grid().text("  "))
        lines += [f"Not replayed: {times:,} ({reason})" for reason, times in noun.left_out.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return self._grid().html()

    def _people(self) -> list[str]:
        said = []
        for effect, word in _WORDS.items():
            people = self.noun.people(effect)
            if people:
                mine = [line for line in self.noun.affected if line.effect is effect]
                count = "1 person would" if len(people) == 1 else f"{len(people)} people would"
                said.append(f"{count} {word}: {_size(mine, effect)}")
        return said or ["Nothing would have been decided otherwise."]

    def _groups(self) -> str:
        def said(size: int | None) -> str:
            return "none is given" if size is None else str(size)

        noun = self.noun
        return f"{said(noun.smallest_before)} now, {said(noun.smallest_after)} then"

    def _grid(self) -> Grid:
        rows = tuple(
            (
                line.effect.value,
                line.principal,
                line.dataset,
                line.kind.value,
                line.purpose or "-",
                line.permit or "-",
                str(line.times),
                f"{line.rows:,}",
                f"{line.cells:,}",
                ", ".join(line.because),
            )
            for line in self.noun.affected
        )
        header = (
            "effect",
            "who",
            "dataset",
            "answers",
            "purpose",
            "permit",
            "requests",
            "rows",
            "cells",
            "because",
        )
        return Grid(header, rows, (*[False] * 6, True, True, True, False))


def _size(lines: list[Affected], effect: Effectuation) -> str:
    times = sum(line.times for line in lines)
    rows, cells = sum(line.rows for line in lines), sum(line.cells for line in lines)
    asked = "1 request" if times == 1 else f"{times:,} requests"
    if effect is Effectuation.GAINS:
        return f"{asked}, over datasets of {rows:,} rows"
    return f"{asked}, which gave {rows:,} rows and {cells:,} cells"
