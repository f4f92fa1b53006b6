"""Local columns, codes and units against a shared dictionary: what fits, what can be made to fit, what does not."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from dataspace.model.curation import Cast, ConvertUnit, MapCodes, Rename, Step
from dataspace.model.datasets import Column, ColumnType, Dictionary, Profile, Value
from dataspace.model.matching import Fit, Match, Matching
from dataspace.model.names import ColumnName
from dataspace.vocabulary.units import conversion, unit_in_header

_YES = frozenset({"yes", "y", "true", "t", "1"})
_NO = frozenset({"no", "n", "false", "f", "0"})
_NAMED = 5


def match_dictionary(columns: Sequence[Column], dictionary: Dictionary, profile: Profile | None) -> Matching:
    """Each column of the dictionary against the local ones; names are alike where letters and digits are."""
    common = {one.name: tuple(value for value, _ in one.common) for one in profile.columns} if profile else {}
    left = {column.name: column for column in columns}
    matches = []
    for wanted in dictionary.columns:
        local = _found(wanted, left)
        if local is None:
            near = get_close_matches(_plain(wanted.name), [_plain(name) for name in left], n=1)
            hint = next((name for name in left if near and _plain(name) == near[0]), None)
            text = "no such column" + (f"; is it '{hint}'? --rename '{hint}={wanted.name}'" if hint else "")
            matches.append(Match(wanted.name, Fit.MISSING, None, text))
            continue
        del left[local.name]
        matches.append(_match(wanted, local, common.get(local.name, ())))
    return Matching(str(dictionary), tuple(matches), tuple(left))


def _found(wanted: Column, left: Mapping[ColumnName, Column]) -> Column | None:
    if wanted.name in left:
        return left[wanted.name]
    names = {_plain(wanted.name), _plain(wanted.title)} - {""}
    alike = [column for name, column in left.items() if _plain(name) in names]
    return alike[0] if len(alike) == 1 else None


def _plain(name: str) -> str:
    """`Air temperature [K]` and `air_temperature` are the same name."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[\[(][^\[\]()]*[\])]\s*$", "", name).lower())


def _match(wanted: Column, local: Column, seen: Sequence[str]) -> Match:
    steps: list[Step] = []
    problems = []
    unit = local.unit or unit_in_header(local.name)
    if wanted.unit and unit and unit != wanted.unit:
        how = conversion(unit, wanted.unit)
        if how is None:
            problems.append(f"its unit {unit} cannot become {wanted.unit}")
        elif (how.factor, how.offset) != (1.0, 0.0):
            steps.append(ConvertUnit(local.name, unit, wanted.unit, how.factor, how.offset))
    codes, unknown = _codes(wanted, seen)
    if codes:
        steps.append(MapCodes(local.name, codes))
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        problems.append(f"codes that the dictionary does not know: {', '.join(unknown[:_NAMED])}{more}")
    if local.name != wanted.name:
        steps.append(Rename(local.name, wanted.name))
    cast = wanted.type is not local.type or (bool(codes) and wanted.type is not ColumnType.TEXT)
    if cast and wanted.type is not ColumnType.OTHER and not unknown:
        steps.append(Cast(wanted.name, wanted.type.value))
    elif wanted.type is not local.type and unknown:
        problems.append(f"it is {local.type.value}, not {wanted.type.value}")
    fit = Fit.PARTLY if problems else Fit.MAPPED if steps else Fit.SAME
    return Match(wanted.name, fit, local.name, "; ".join(problems), tuple(steps))


def _codes(wanted: Column, seen: Sequence[str]) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Spellings with the shared codes that they mean, if any of them is needed; and local codes that mean nothing.

    The spellings are all that the dictionary suggests, not those that were met: a description tells nothing of rows.
    """
    if not wanted.values:
        return (), []
    shared = {_spelled(value) for value in wanted.values}
    known = {text: code for text, code in _spellings(wanted).items() if text not in shared}
    unknown = [local for local in seen if local not in shared and local not in known]
    needed = any(local in known for local in seen)
    return tuple(known.items()) if needed else (), unknown


def _spellings(wanted: Column) -> Mapping[str, str]:
    """Every spelling of each code: its meaning, yes and no in their ways, upper and lower case, a trailing `.0`."""
    meant = {text: _spelled(v) for v, text in zip(wanted.values, wanted.meanings, strict=False)}
    for words in (_YES, _NO):
        if code := next((code for text, code in meant.items() if text.lower() in words), None):
            meant |= dict.fromkeys(sorted(words), code)
    meant |= {f"{_spelled(v)}.0": _spelled(v) for v in wanted.values if isinstance(v, int)}
    meant |= {_spelled(v): _spelled(v) for v in wanted.values}
    spellings: dict[str, str] = {}
    for text, code in meant.items():
        for form in (text, text.lower(), text.upper(), text.capitalize()):
            spellings.setdefault(form, code)
    return spellings


def _spelled(value: Value) -> str:
    """A code as text, as Arrow casts it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
