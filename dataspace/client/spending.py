"""What was spent over time as a picture: stairs of characters for a terminal, SVG for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from dataspace.client.tables import escaped, printable

_WIDTH, _HEIGHT = 60, 12
_LEFT, _TOP, _ACROSS, _DOWN = 56, 30, 560, 220


@dataclass(frozen=True, slots=True)
class Spending:
    """Amounts of ε at moments, oldest first, and the limit of their sum; None where there is none."""

    title: str
    amounts: tuple[tuple[datetime, float], ...]
    limit: float | None

    def stairs(self) -> Sequence[tuple[float, float]]:
        """Share of the time that had passed, and the sum from then on."""
        if not self.amounts:
            return []
        first, last = self.amounts[0][0], self.amounts[-1][0]
        seconds = max((last - first).total_seconds(), 1e-9)
        sums = accumulate(amount for _, amount in self.amounts)
        return [
            ((at - first).total_seconds() / seconds, total)
            for (at, _), total in zip(self.amounts, sums, strict=True)
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
    return "\n".join(
        [f"{printable(spending.title)}: {total:g} in {len(spending.amounts)} charges{limit}", *rows, foot]
    )


def as_svg(spending: Spending) -> str:
    """A picture without script, style sheet or anything from elsewhere."""
    highest = spending.highest
    points, height = [(0.0, 0.0)], 0.0
    for share, total in spending.stairs():
        points += [(share, height), (share, total)]
        height = total
    points.append((1.0, height))
    line = " ".join(f"{_LEFT + x * _ACROSS:.1f},{_TOP + _DOWN * (1 - y / highest):.1f}" for x, y in points)
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
    if spending.limit is not None:
        y = _TOP + _DOWN * (1 - spending.limit / highest)
        parts.append(f'<path d="M{_LEFT} {y:.1f}h{_ACROSS}" stroke="#c0392b" stroke-dasharray="6 4"/>')
    if spending.amounts:
        first, last = spending.amounts[0][0], spending.amounts[-1][0]
        parts.append(f'<text x="{_LEFT}" y="275">{first:%Y-%m-%d %H:%M}</text>')
        parts.append(f'<text x="{_LEFT + _ACROSS}" y="275" text-anchor="end">{last:%Y-%m-%d %H:%M}</text>')
    return "".join((*parts, "</svg>"))
