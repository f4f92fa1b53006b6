"""Local columns, codes and units against a shared dictionary: what fits, what can be made to fit, what does not."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import pyarrow as pa

from dataspace.errors import InvalidRequest
from dataspace.model import code_maps
from dataspace.model.curation import Cast, ConvertUnit, MapCodes, Rename, Step
from dataspace.model.datasets import Column, ColumnType, Dictionary, Profile, Value
from dataspace.model.matching import Fit, Match, Matching
from dataspace.model.names import ColumnName
from dataspace.service.codes import codes_said, with_codes
from dataspace.vocabulary.units import conversion, unit_in_header

_YES = frozenset({"yes", "y", "true", "t", "1"})
_NO = frozenset({"no", "n", "false", "f", "0"})
_NAMED = 5


def match_dictionary(
    columns: Sequence[Column],
    dictionary: Dictionary,
    profile: Profile | None,
    declared: Sequence[str] = (),
    waiting: Sequence[Step] = (),
) -> Matching:
    """Each column of the dictionary against the local ones; names are alike where letters and digits are.

    `declared` says what local codes mean that no rule knows; so did the codes among the steps that are `waiting`.
    Raises InvalidRequest for what is not in the dictionary.
    """
    common = {one.name: tuple(value for value, _ in one.common) for one in profile.columns} if profile else {}
    said, used = _declared(declared), set()
    left = {column.name: column for column in columns}
    matches = []
    for wanted in dictionary.columns:
        local = _found(wanted, left)
        if local is None:
            matches.append(_missing(wanted, left))
            continue
        del left[local.name]
        names = said.keys() & {local.name, wanted.name}
        used |= names
        codes = {here: code for name in sorted(names) for here, code in said[name].items()}
        _refuse_other_codes(wanted, codes.values())
        before = _kept(wanted, local, waiting)
        matches.append(_match(wanted, local, common.get(local.name, ()), before | codes))
    if unknown := sorted(said.keys() - used):
        raise InvalidRequest(
            f"No column of {dictionary} is found under '{unknown[0]}'.",
            "Name the column as it is called here, or in the dictionary.",
        )
    return Matching(str(dictionary), tuple(matches), tuple(left))


def _declared(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    said: dict[str, dict[str, str]] = {}
    for text in texts:
        column, pairs = codes_said(text)
        said.setdefault(column.strip(), {}).update(pairs)
    return said


def _kept(wanted: Column, local: Column, waiting: Sequence[Step]) -> dict[str, str]:
    """What was declared of the column before, as far as it still is in the dictionary."""
    steps = [step for step in waiting if isinstance(step, MapCodes) and step.column == local.name]
    known, shared = _spellings(wanted), {_spelled(value) for value in wanted.values}
    return {
        here: code
        for step in steps
        for here, code in step.codes
        if code in shared and known.get(here) != code
    }


def _refuse_other_codes(wanted: Column, codes: Iterable[str]) -> None:
    shared = [_spelled(value) for value in wanted.values]
    for code in codes:
        if code not in shared:
            there = f"It has {', '.join(shared[:20])}." if shared else "It declares none; use `dataset fix`."
            raise InvalidRequest(f"'{code}' is no code of '{wanted.name}'.", there)


def _missing(wanted: Column, left: Mapping[ColumnName, Column]) -> Match:
    near = get_close_matches(_plain(wanted.name), [_plain(name) for name in left], n=1)
    hint = next((name for name in left if near and _plain(name) == near[0]), None)
    text = "no such column" + (f"; is it '{hint}'? --rename '{hint}={wanted.name}'" if hint else "")
    return Match(wanted.name, Fit.MISSING, None, text)


def _found(wanted: Column, left: Mapping[ColumnName, Column]) -> Column | None:
    if wanted.name in left:
        return left[wanted.name]
    names = {_plain(wanted.name), _plain(wanted.title)} - {""}
    alike = [column for name, column in left.items() if _plain(name) in names]
    return alike[0] if len(alike) == 1 else None


def _plain(name: str) -> str:
    """`Air temperature [K]` and `air_temperature` are the same name."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[\[(][^\[\]()]*[\])]\s*$", "", name).lower())


def _match(wanted: Column, local: Column, seen: Sequence[str], declared: Mapping[str, str]) -> Match:
    unit, problems = _unit(wanted, local)
    codes, unknown = _codes(wanted, local, seen, declared)
    steps: list[Step] = [step for step in (unit, codes) if step is not None]
    if unknown:
        problems.append(_unknown(local, unknown))
    if local.name != wanted.name:
        steps.append(Rename(local.name, wanted.name))
    cast = wanted.type is not local.type or (codes is not None and wanted.type is not ColumnType.TEXT)
    if cast and wanted.type is not ColumnType.OTHER and not unknown:
        steps.append(Cast(wanted.name, wanted.type.value))
    elif wanted.type is not local.type and unknown:
        problems.append(f"it is {local.type.value}, not {wanted.type.value}")
    fit = Fit.PARTLY if problems else Fit.MAPPED if steps else Fit.SAME
    return Match(wanted.name, fit, local.name, "; ".join(problems), tuple(steps), _read_as(codes, seen))


def _unit(wanted: Column, local: Column) -> tuple[Step | None, list[str]]:
    """The step that converts the unit, if one is needed; and that none does, in words."""
    unit = local.unit or unit_in_header(local.name)
    if not wanted.unit or not unit or unit == wanted.unit:
        return None, []
    how = conversion(unit, wanted.unit)
    if how is None:
        return None, [f"its unit {unit} cannot become {wanted.unit}"]
    if (how.factor, how.offset) == (1.0, 0.0):
        return None, []
    return ConvertUnit(local.name, unit, wanted.unit, how.factor, how.offset), []


def _codes(
    wanted: Column, local: Column, seen: Sequence[str], declared: Mapping[str, str]
) -> tuple[MapCodes | None, list[str]]:
    """The step by which local codes are read, if one is needed; and local codes that mean nothing.

    The spellings are all that the dictionary suggests, not those that were met: a description tells nothing of rows.
    Only what a steward declared is added to them.
    """
    if not wanted.values:
        return None, []
    shared = {_spelled(value) for value in wanted.values}
    known = {**_spellings(wanted), **declared}
    step = MapCodes(local.name, tuple(known.items()), loosely=True)
    unknown = [code for code, read in zip(seen, _read(seen, step), strict=True) if read not in shared]
    needed = bool(declared) or len(unknown) < sum(code not in shared for code in seen)
    return step if needed else None, unknown


def _read(seen: Sequence[str], step: MapCodes) -> list[str]:
    texts: list[str] = with_codes(pa.chunked_array([pa.array(seen, pa.string())]), step).to_pylist()
    return texts


def _read_as(step: MapCodes | None, seen: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The local codes that were met and are read as another one."""
    pairs = zip(seen, _read(seen, step), strict=True) if step else ()
    return tuple((here, code) for here, code in pairs if here != code)


def _unknown(local: Column, codes: Sequence[str]) -> str:
    more = f" and {len(codes) - _NAMED} more" if len(codes) > _NAMED else ""
    option = code_maps.said(local.name, [(codes[0], "…")]) if set(codes[0]) & set(',:"') else ""
    example = option or f"{local.name}={codes[0].strip()}:…"
    return (
        f"codes that the dictionary does not know: {', '.join(codes[:_NAMED])}{more}"
        f"; say what they mean: --codes {shlex.quote(example)}"
    )


def _spellings(wanted: Column) -> dict[str, str]:
    """What each code is also called: its meaning, yes and no in their ways, a trailing `.0`; and itself."""
    spellings = {text: _spelled(v) for v, text in zip(wanted.values, wanted.meanings, strict=False)}
    for words in (_YES, _NO):
        if code := next((code for text, code in spellings.items() if text.lower() in words), None):
            spellings |= {word: code for word in sorted(words) if word not in spellings}
    spellings |= {f"{_spelled(v)}.0": _spelled(v) for v in wanted.values if isinstance(v, int)}
    return spellings | {_spelled(v): _spelled(v) for v in wanted.values}


def _spelled(value: Value) -> str:
    """A code as text, as Arrow casts it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
