"""The two pictures of the report, drawn as SVG with nothing but classes: no script, no style attribute, no request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log, log10

from markupsafe import Markup, escape

WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 120, 16, 48
MARKS = (
    '<circle class="m{i}" cx="{x}" cy="{y}" r="4"/>',
    '<rect class="m{i}" x="{a}" y="{b}" width="8" height="8"/>',
    '<path class="m{i}" d="M{x} {b}l5 9h-10z"/>',
    '<path class="m{i}" d="M{x} {b}l5 4.5l-5 4.5l-5-4.5z"/>',
)
"""A shape of its own for each line, so that it can be told apart without its colour."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels; `low` maps to `start`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def auc_by_round(series: Mapping[str, Sequence[float]]) -> Markup:
    """One line a site, from the start values to the last round. Raises ValueError where there is nothing to draw."""
    values = [value for line in series.values() for value in line]
    if not values:
        raise ValueError("no site let an AUC out, so there is nothing to draw")
    low, high = floor(min(values) * 20 - 0.5) / 20, ceil(max(values) * 20 + 0.5) / 20
    steps = max(len(line) for line in series.values()) - 1
    x = Scale(0, max(steps, 1), LEFT, WIDTH - RIGHT)
    y = Scale(low, high, HEIGHT - BOTTOM, TOP)
    parts = [_grid_line(y(value), f"{value:.2f}") for value in _twentieths(low, high)]
    for step in range(steps + 1):
        parts.append(_text(x(step), HEIGHT - BOTTOM + 20, str(step), "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "rounds done", "middle"))
    ends = _apart({site: y(line[-1]) for site, line in series.items()})
    for number, (site, line) in enumerate(series.items()):
        points = [(x(step), y(value)) for step, value in enumerate(line)]
        path = " ".join(f"{px},{py}" for px, py in points)
        parts.append(f'<polyline class="l{number % 4}" points="{path}"/>')
        parts += [_mark(number % 4, px, py) for px, py in points]
        parts.append(_text(WIDTH - RIGHT + 12, ends[site] + 4, site, "start", f"t{number % 4}"))
    words = "; ".join(f"{site} from {line[0]:.2f} to {line[-1]:.2f}" for site, line in series.items())
    return _svg("auc", "AUC on held-out stays, by round and by site", words, parts)


def odds_ratios(lines: Sequence[tuple[str, float, float, float]]) -> Markup:
    """Each term with its odds ratio and 95 % interval on a logarithmic axis."""
    low = min(*(bottom for _, _, bottom, _ in lines), 0.9)
    high = max(*(top for _, _, _, top in lines), 1.1)
    height = TOP + 34 * len(lines) + BOTTOM
    x = Scale(log(low) - 0.1, log(high) + 0.1, LEFT + 84, WIDTH - 24)
    parts = []
    for tick in _ratio_ticks(low, high):
        kind = "one" if tick == 1 else "grid"
        parts.append(f'<path class="{kind}" d="M{x(log(tick))} {TOP}V{height - BOTTOM}"/>')
        parts.append(_text(x(log(tick)), height - BOTTOM + 20, f"{tick:g}", "middle"))
    parts.append(_text((LEFT + 84 + WIDTH - 24) / 2, height - 8, "odds ratio, 95 % interval", "middle"))
    for number, (term, ratio, bottom, top) in enumerate(lines):
        at = TOP + 34 * number + 20
        parts.append(_text(LEFT + 72, at + 4, term, "end"))
        parts.append(f'<path class="l0" d="M{x(log(bottom))} {at}H{x(log(top))}"/>')
        parts.append(_mark(0, x(log(ratio)), at))
    words = "; ".join(f"{term} {ratio:.2f} ({bottom:.2f} to {top:.2f})" for term, ratio, bottom, top in lines)
    return _svg("odds", "Odds ratios with 95 % intervals", words, parts, height)


def _twentieths(low: float, high: float) -> list[float]:
    return [number / 20 for number in range(round(low * 20), round(high * 20) + 1)]


def _ratio_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 in each power of ten that lies within."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = [round(first * 10.0**power, 10) for power in powers for first in (1, 2, 5)]
    return [tick for tick in ticks if low * 0.95 <= tick <= high * 1.05]


def _apart(ends: Mapping[str, float], distance: float = 16.0) -> dict[str, float]:
    """Places for labels, moved down where two would stand on each other."""
    placed: dict[str, float] = {}
    last = float("-inf")
    for name, at in sorted(ends.items(), key=lambda item: item[1]):
        last = max(at, last + distance)
        placed[name] = last
    return placed


def _grid_line(at: float, label: str) -> str:
    line = f'<path class="grid" d="M{LEFT} {at}H{WIDTH - RIGHT}"/>'
    return line + _text(LEFT - 8, at + 4, label, "end")


def _mark(kind: int, x: float, y: float) -> str:
    return MARKS[kind].format(i=kind, x=x, y=y, a=round(x - 4, 1), b=round(y - 4.5, 1))


def _text(x: float, y: float, words: str, anchor: str, kind: str = "axis") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(name: str, title: str, words: str, parts: Sequence[str], height: int = HEIGHT) -> Markup:
    head = (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}-title {name}-words">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-words">{escape(words)}</desc>'
    )
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - every word in it went through escape
