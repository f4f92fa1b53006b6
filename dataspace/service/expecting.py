"""Declared rules for every version, as they are typed."""

import re
from collections.abc import Iterable

from dataspace.errors import InvalidRequest
from dataspace.model.curation import Expectation, Rule
from dataspace.model.names import ColumnName, dataset_name

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})?\.\.({_NUMBER})?")


def parse_expectation(text: str) -> Expectation:
    """One rule.

        los=1..120          values within bounds; one of the two may be left out
        id=unique           no value twice; `site+number=unique` for several columns together
        id=present          no null
        sex=f|m|x           one of these, compared as text
        hospital->sites.id  every value is in that column of the latest version of another dataset

    Raises InvalidRequest for anything else.
    """
    if "->" in text:
        return _reference(text)
    names, sign, what = text.rpartition("=")
    columns = tuple(ColumnName(name) for name in names.split("+"))
    if not sign or not all(columns) or not what:
        raise _unreadable(text)
    if what == Rule.UNIQUE:
        return Expectation(Rule.UNIQUE, columns)
    if len(columns) > 1:
        raise _unreadable(text)
    if what == Rule.PRESENT:
        return Expectation(Rule.PRESENT, columns)
    if (bounds := _RANGE.fullmatch(what)) and what != "..":
        lower, upper = (None if end is None else float(end) for end in bounds.groups())
        if lower is not None and upper is not None and lower > upper:
            raise InvalidRequest(f"The bounds of '{text}' are the wrong way round.", "Write the lower first.")
        return Expectation(Rule.RANGE, columns, lower=lower, upper=upper)
    return Expectation(Rule.AMONG, columns, values=tuple(what.split("|")))


def _reference(text: str) -> Expectation:
    column, _, target = text.partition("->")
    name, dot, key = target.partition(".")
    try:
        dataset = dataset_name(name)
    except ValueError as error:
        raise _unreadable(text) from error
    if not column or not dot or not key:
        raise _unreadable(text)
    return Expectation(Rule.REFERS, (ColumnName(column),), dataset=dataset, key=ColumnName(key))


def column_of_rule(rule: Expectation, known: Iterable[str]) -> None:
    """Raises InvalidRequest where the rule speaks of a column that is not there."""
    there = set(known)
    if missing := [column for column in rule.columns if column not in there]:
        raise InvalidRequest(f"The rule '{rule}' is about '{missing[0]}', which is no column.", "Correct it.")


def _unreadable(text: str) -> InvalidRequest:
    return InvalidRequest(
        f"'{text}' is no rule.",
        "Write los=1..120, id=unique, a+b=unique, id=present, sex=f|m, or site->sites.id.",
    )
