"""The `limits` of a policy in YAML: what an allowance owes, as obligations."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from dataspace.adapters.yaml_tree import Fields, Node, fields, items_of, text_of, unknown, unreadable
from dataspace.errors import DataspaceError
from dataspace.model.names import ColumnName, SiteName, site_name
from dataspace.model.policies import AnswerKind, Mask, MaskKind, Obligations
from dataspace.model.predicates import Predicate
from dataspace.policy.compose import LEAST_COHORT, MOST_EPSILON

_COUNTS: Mapping[str, tuple[str, int]] = {
    "cohort": ("cohort", LEAST_COHORT),
    "maximum rows": ("maximum_rows", 1),
    "minimum sites": ("minimum_sites", 1),
    "minimum units": ("minimum_units", 1),
    "minimum events": ("minimum_events", 1),
    "retention days": ("retention_days", 1),
    "round to": ("round_to", 1),
}
"""Key, field and the least that it may be."""
_EPSILONS = {"epsilon per question": "epsilon_question", "epsilon per permit": "epsilon_total"}
_YES = {"restate purpose": "restate_purpose", "no onward sharing": "no_onward_sharing"}
_TEXTS = ("attribution", "duties")
_KEYS = (
    *_COUNTS,
    *_EPSILONS,
    "rows",
    "mask",
    "withhold",
    *_YES,
    *_TEXTS,
    "answers at most",
    "sites",
    "compare across",
)
ACROSS = ("principal", "project")


def limits(node: Node, predicate: Callable[[str], Predicate]) -> Obligations:
    """Raises PolicyUnreadable, also for a row filter that `predicate` does not take."""
    given = fields(node, _KEYS, "'limits'")
    if not given.members:
        raise unreadable(given.where, "'limits' is empty.", "Write a limit, or delete the line.")
    read: dict[str, Any] = {}
    for key, value in given.members.items():
        if key in _COUNTS:
            name, least = _COUNTS[key]
            read[name] = _count(value, key, least)
        elif key in _EPSILONS:
            read[_EPSILONS[key]] = _epsilon(value, key)
        elif key == "rows":
            read["row_filter"] = _filter(value, predicate)
        elif key == "mask":
            read["masks"] = _masks(value)
        elif key == "withhold":
            read["withheld"] = frozenset(
                ColumnName(text_of(item, "'withhold'")) for item in items_of(value, "'withhold'")
            )
        elif key in _YES:
            read[_YES[key]] = _yes(value, key)
        elif key == "duties":
            read["duties"] = frozenset(text_of(item, "'duties'") for item in items_of(value, "'duties'"))
        elif key == "compare across":
            read["compare_across"] = frozenset(map(_across, items_of(value, "'compare across'")))
        elif key == "answers at most":
            read["answer"] = _kind(value)
        elif key == "sites":
            read["sites"] = frozenset(_site(item) for item in items_of(value, "'sites'"))
        else:
            read["attribution"] = text_of(value, "'attribution'")
    return Obligations(**read)


def _count(node: Node, key: str, least: int) -> int:
    text = text_of(node, f"'{key}'")
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise unreadable(node.where, f"'{key}' has to be a whole number.")
    if int(text) < least:
        raise unreadable(node.where, f"'{key}' cannot be below {least}.")
    return int(text)


def _epsilon(node: Node, key: str) -> float:
    try:
        value = float(text_of(node, f"'{key}'"))
    except ValueError as error:
        raise unreadable(node.where, f"'{key}' has to be a number such as 0.5.") from error
    if not (math.isfinite(value) and 0 < value <= MOST_EPSILON):
        raise unreadable(node.where, f"'{key}' has to be above 0 and at most {MOST_EPSILON:g}.")
    return value


def _filter(node: Node, predicate: Callable[[str], Predicate]) -> Predicate:
    text = text_of(node, "'rows'")
    try:
        return predicate(text)
    except (DataspaceError, ValueError) as error:
        raise unreadable(node.where, f"the row filter cannot be read: {error}") from error


def _masks(node: Node) -> Mapping[ColumnName, Mask]:
    if not isinstance(node, Fields) or not node.members:
        raise unreadable(node.where, "'mask' is written as 'column: how' lines.")
    return {ColumnName(column): _mask(how) for column, how in node.members.items()}


def _mask(node: Node) -> Mask:
    word, _, detail = text_of(node, "a mask").partition(" ")
    if word not in {kind.value for kind in MaskKind}:
        raise unknown(node.where, "a way to mask", word, [kind.value for kind in MaskKind])
    kind = MaskKind(word)
    if kind is MaskKind.CONSTANT:
        return Mask(kind, constant=detail.strip())
    if kind is MaskKind.GENERALISE:
        try:
            width = float(detail)
        except ValueError as error:
            raise unreadable(node.where, "'generalise' needs a width, such as 'generalise 5'.") from error
        if not (math.isfinite(width) and width > 0):
            raise unreadable(node.where, "the width of 'generalise' has to be above 0.")
        return Mask(kind, width=width)
    if detail:
        raise unreadable(node.where, f"'{word}' takes nothing after it.")
    return Mask(kind)


def _kind(node: Node) -> AnswerKind:
    word = text_of(node, "'answers at most'")
    if word not in {kind.value for kind in AnswerKind}:
        raise unknown(node.where, "a kind of answer", word, [kind.value for kind in AnswerKind])
    return AnswerKind(word)


def _across(node: Node) -> str:
    word = text_of(node, "'compare across'")
    if word not in ACROSS:
        raise unknown(node.where, "what aggregates are compared across", word, ACROSS)
    return word


def _site(node: Node) -> SiteName:
    text = text_of(node, "'sites'")
    try:
        return site_name(text)
    except ValueError as error:
        raise unreadable(node.where, f"'{text[:60]}' is no site: {error}.") from error


def _yes(node: Node, key: str) -> bool:
    word = text_of(node, f"'{key}'")
    if word not in ("yes", "no"):
        raise unknown(node.where, "an answer", word, ("yes", "no"))
    return word == "yes"
