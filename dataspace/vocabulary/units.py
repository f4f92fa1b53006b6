"""Units in UCUM's case-sensitive codes: whether two measure the same thing, and how one becomes the other.

The part of UCUM that measurements in hospitals and factories use: its prefixes, multiplication, division, exponents,
annotations in braces, and degrees Celsius and Fahrenheit. https://ucum.org/ucum
"""

import re
from dataclasses import dataclass

_PREFIXES = {"": 1.0, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "h": 1e2, "da": 1e1, "d": 1e-1, "c": 1e-2,
             "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}  # fmt: skip
_METRIC: dict[str, tuple[float, str]] = {
    "m": (1, "m"), "g": (1, "g"), "s": (1, "s"), "K": (1, "K"), "mol": (1, "mol"), "A": (1, "A"), "cd": (1, "cd"),
    "L": (1e-3, "m3"), "l": (1e-3, "m3"), "t": (1e6, "g"), "bar": (1e8, "g.m-1.s-2"), "Pa": (1e3, "g.m-1.s-2"),
    "N": (1e3, "g.m.s-2"), "J": (1e3, "g.m2.s-2"), "W": (1e3, "g.m2.s-3"), "V": (1e3, "g.m2.s-3.A-1"),
    "Hz": (1, "s-1"), "Ohm": (1e3, "g.m2.s-3.A-2"), "cal": (4184, "g.m2.s-2"), "eq": (1, "mol"), "kat": (1, "mol.s-1"),
}  # fmt: skip
_PLAIN: dict[str, tuple[float, str]] = {
    "1": (1, ""), "%": (1e-2, ""), "[ppth]": (1e-3, ""), "[ppm]": (1e-6, ""), "min": (60, "s"), "h": (3600, "s"),
    "d": (86_400, "s"), "wk": (604_800, "s"), "mo": (2_629_800, "s"), "a": (31_557_600, "s"), "deg": (1, ""),
    "[in_i]": (0.0254, "m"), "[ft_i]": (0.3048, "m"), "[mi_i]": (1609.344, "m"), "[lb_av]": (453.59237, "g"),
    "[oz_av]": (28.349523125, "g"), "mm[Hg]": (133_322.387415, "g.m-1.s-2"), "atm": (101_325e3, "g.m-1.s-2"),
    "[psi]": (6_894_757.293, "g.m-1.s-2"), "U": (1e-6 / 60, "mol.s-1"), "[iU]": (1, "iU"), "{rev}": (1, ""),
}  # fmt: skip
_SHIFTED = {"Cel": (1.0, 273.15), "[degF]": (5 / 9, 459.67 * 5 / 9)}
"""To kelvin: factor and offset."""
_SPELLINGS = {"°C": "Cel", "C": "Cel", "degC": "Cel", "°F": "[degF]", "F": "[degF]", "degF": "[degF]", "mmHg": "mm[Hg]",
              "rpm": "/min", "Nm": "N.m", "sec": "s", "hours": "h", "days": "d", "years": "a", "lb": "[lb_av]",
              "in": "[in_i]", "ft": "[ft_i]", "psi": "[psi]", "mbar": "mbar", "µm": "um"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conversion:
    """`target = source * factor + offset`."""

    factor: float
    offset: float = 0.0


def conversion(source: str, target: str) -> Conversion | None:
    """How a value in one unit becomes one in the other; None for unknown codes, and for two different things."""
    left, right = _measured(source), _measured(target)
    if left is None or right is None or left[2] != right[2]:
        return None
    factor, offset = left[0] / right[0], (left[1] - right[1]) / right[0]
    return Conversion(_round(factor), _round(offset))


def is_unit(code: str) -> bool:
    """Whether the code is one that this module knows."""
    return _measured(code) is not None


def unit_in_header(header: str) -> str:
    """The unit that a header carries in brackets, as UCUM: `torque [Nm]` is `N.m`; empty where there is none."""
    match = re.search(r"[\[(]\s*([^\[\]()]+?)\s*[\])]\s*$", header)
    if match is None:
        return ""
    code = _SPELLINGS.get(match[1], match[1])
    return code if is_unit(code) else ""


def _measured(code: str) -> tuple[float, float, frozenset[tuple[str, int]]] | None:
    """Factor and offset to the base units, and their exponents."""
    if code in _SHIFTED:
        factor, offset = _SHIFTED[code]
        return factor, offset, frozenset({("K", 1)})
    parsed = _product(code)
    if parsed is None:
        return None
    factor, exponents = parsed
    return factor, 0.0, frozenset((base, n) for base, n in exponents.items() if n)


def _product(code: str) -> tuple[float, dict[str, int]] | None:
    factor, exponents = 1.0, dict[str, int]()
    for sign, term in re.findall(r"([./]?)((?:\{[^{}]*\}|\[[^\[\]]*\]|[^./{}\[\]])+)", code):
        known = _atom(term)
        if known is None:
            return None
        power = -1 if sign == "/" else 1
        factor *= known[0] ** power
        for base, n in known[1].items():
            exponents[base] = exponents.get(base, 0) + power * n
    return (factor, exponents) if code.strip() else None


def _atom(term: str) -> tuple[float, dict[str, int]] | None:
    if re.fullmatch(r"\{[^{}]*\}", term):
        return 1.0, {}
    bare = re.sub(r"\{[^{}]*\}$", "", term)
    match = re.fullmatch(r"(.*?[^0-9+-]|1|%)([+-]?[0-9]+)?", bare)
    if match is None:
        return None
    symbol, power = match[1], int(match[2] or 1)
    found = _PLAIN.get(symbol)
    if found is None:
        for prefix, scale in sorted(_PREFIXES.items(), key=lambda item: len(item[0])):
            if symbol.startswith(prefix) and symbol[len(prefix) :] in _METRIC:
                size, base = _METRIC[symbol[len(prefix) :]]
                found = (scale * size, base)
                break
    if found is None:
        return None
    bases = {part[0]: int(part[1] or 1) * power for part in re.findall(r"([A-Za-z]+)(-?\d*)", found[1])}
    return found[0] ** power, bases


def _round(value: float) -> float:
    """Without the last digits, which only say how the factors were multiplied."""
    return float(f"{value:.12g}")
