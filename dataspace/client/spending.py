"""What was spent over time as a picture: stairs of characters for a terminal, SVG for a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from dataspace.client.tables import escaped, printable

Amounts = tuple[tuple[datetime, float], ...]

_WIDTH, _HEIGHT = 60, 12
_LEFT, _TOP, _ACROSS, _DOWN = 56, 30, 560, 220
_COLOURS = ("#2da44e", "#bf8700", "#8250df", "#cf222e", "#57606a")
"""Of places, in turn."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Amounts of ε at moments, oldest first, and the limit of their sum; None where there is none."""

    title: str
    amounts: Amounts
    limit: float | None
    places: Mapping[str, Amounts] = field(default_factory=dict)
    """Where the rows are at several: what of `amounts` was spent at each."""

    def of(self, place: str) -> Sequence[tuple[float, float]]:
        """The stairs of one place, over the time of all."""
        return self._stairs(self.places[place])

    def stairs(self) -> Sequence[tuple[float, float]]:
        """Share of the time that had passed, and the sum from then on."""
        return self._stairs(self.amounts)

    def _stairs(self, amounts: Amounts) -> Sequence[tuple[float, float]]:
        if not amounts:
            return []
        first, last = self.amounts[0][0], self.amounts[-1][0]
        seconds = max((last - first).total_seconds(), 1e-9)
        sums = accumulate(amount for _, amount in amounts)
        return [
            ((at - first).total_seconds() / seconds, total)
            for (at, _), total in zip(amounts, sums, strict=True)
        ]

    @property
    def highest(self) -> float:
        """What the picture has to reach."""
        spent = sum(amount for _, amount in self.amounts)
        return max(spent, self.limit or 0.0) or 1.0


def as_text(spending: Spending) -> str:
    """Stairs of blocks, the limit as a line above them."""
    if not spending.amounts:
        return f"{printable(spending.title)}: nothing was spent."
    columns = [0.0] * _WIDTH
    for share, total in spending.stairs():
        columns[min(_WIDTH - 1, int(share * (_WIDTH - 1)))] = total
    for index in range(1, _WIDTH):
        columns[index] = columns[index] or columns[index - 1]
    unit = spending.highest / _HEIGHT
    rows = []
    for level in range(_HEIGHT, 0, -1):
        at_limit = spending.limit is not None and (level - 1) * unit < spending.limit <= level * unit
        cells = ("█" if total >= (level - 0.5) * unit else "─" if at_limit else " " for total in columns)
        rows.append(f"{level * unit:>8.3g} │{''.join(cells)}".rstrip())
    first, last = spending.amounts[0][0], spending.amounts[-1][0]
    foot = f"{'':>8} └{'─' * _WIDTH}\n{'':>10}{first:%Y-%m-%d %H:%M}{'':>{_WIDTH - 32}}{last:%Y-%m-%d %H:%M}"
    limit = "" if spending.limit is None else f"; limit {spending.limit:g}"
    total = sum(amount for _, amount in spending.amounts)
    head = f"{printable(spending.title)}: {total:g} in {len(spending.amounts)} charges{limit}"
    places = [f"{'':>10}{printable(place)}: {_said(amounts)}" for place, amounts in spending.places.items()]
    return "\n".join([head, *rows, foot, *places])


def _said(amounts: Amounts) -> str:
    return f"{sum(amount for _, amount in amounts):g} in {len(amounts)} charges"


def _line(stairs: Sequence[tuple[float, float]], highest: float) -> str:
    """The points of a line in stairs, to the right edge."""
    points, height = [(0.0, 0.0)], 0.0
    for share, total in stairs:
        points += [(share, height), (share, total)]
        height = total
    points.append((1.0, height))
    return " ".join(f"{_LEFT + x * _ACROSS:.1f},{_TOP + _DOWN * (1 - y / highest):.1f}" for x, y in points)


def as_svg(spending: Spending) -> str:
    """A picture without script, style sheet or anything from elsewhere."""
    highest = spending.highest
    line = _line(spending.stairs(), highest)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 290" width="640" role="img" '
        f'aria-label="{escaped(spending.title)}" font-family="sans-serif" font-size="12">',
        f'<text x="{_LEFT}" y="18">{escaped(spending.title)}</text>',
        f'<path d="M{_LEFT} {_TOP}v{_DOWN}h{_ACROSS}" fill="none" stroke="currentColor"/>',
        *(
            f'<text x="{_LEFT - 6}" y="{_TOP + _DOWN * (1 - share) + 4:.1f}" text-anchor="end">'
            f"{highest * share:.3g}</text>"
            for share in (0, 0.5, 1)
        ),
        f'<polyline points="{line}" fill="none" stroke="#1f6feb" stroke-width="2"/>',
    ]
    for number, place in enumerate(spending.places):
        colour = _COLOURS[number % len(_COLOURS)]
        line = _line(spending.of(place), highest)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        below = _TOP + 14 + 16 * number
        parts.append(f'<text x="{_LEFT + 8}" y="{below}" fill="{colour}">{escaped(place)}</text>')
    if spending.limit is not None:
        y = _TOP + _DOWN * (1 - spending.limit / highest)
        parts.append(f'<path d="M{_LEFT} {y:.1f}h{_ACROSS}" stroke="#c0392b" stroke-dasharray="6 4"/>')
    if spending.amounts:
        first, last = spending.amounts[0][0], spending.amounts[-1][0]
        parts.append(f'<text x="{_LEFT}" y="275">{first:%Y-%m-%d %H:%M}</text>')
        parts.append(f'<text x="{_LEFT + _ACROSS}" y="275" text-anchor="end">{last:%Y-%m-%d %H:%M}</text>')
    return "".join((*parts, "</svg>"))
