"""The template of an open call from YAML.

    call: SME vouchers            its title
    on: [turbine]                 datasets
    for: [scientific research]    purposes
    answers: [aggregate, noisy]   kinds of answer
    track: exploratory
    until: 2027-06-30             last day to apply
    days: 90                      how long each permit lasts
    permits: 25                   how many it gives at most
    organisations: [ACME GmbH]    who may apply; left out: everybody
    limits: {cohort: 20, epsilon per permit: 0.5, withhold: [provnum]}

Reading is strict: an unknown word, or one said twice, takes no effect but an error with its line.
"""

from datetime import UTC, datetime
from typing import Any

from dataspace.adapters.yaml_tree import (
    Fields,
    Text,
    fields,
    items_of,
    read_tree,
    text_of,
    unknown,
    unreadable,
)
from dataspace.model.permits import Track
from dataspace.model.policies import AnswerKind

KEYS = ("call", "on", "for", "answers", "track", "until", "days", "permits", "organisations", "limits")
LIMITS = ("cohort", "epsilon per permit", "withhold")
_REQUIRED = ("call", "on", "for", "answers", "track", "until")


def parse_call(text: str, file: str) -> dict[str, Any]:
    """What `hub.open_call` takes. Raises PolicyUnreadable with file and line."""
    tree = fields(read_tree(text, file), KEYS, "a call")
    for key in _REQUIRED:
        if key not in tree.members:
            raise unreadable(tree.where, f"a call needs '{key}'.", "The reference of permits has an example.")
    said: dict[str, Any] = {
        "title": text_of(tree.members["call"], "'call'"),
        "datasets": _texts(tree, "on"),
        "purposes": _texts(tree, "for"),
        "kinds": _words(tree, "answers", AnswerKind),
        "track": _words(tree, "track", Track)[0],
        "until": _day(tree),
    }
    for key in ("days", "permits"):
        if key in tree.members:
            said[key] = int(_number(tree.members[key], key, whole=True))
    if "organisations" in tree.members:
        said["organisations"] = _texts(tree, "organisations")
    if "limits" in tree.members:
        said["conditions"] = _limits(fields(tree.members["limits"], LIMITS, "the limits"))
    return said


def _limits(tree: Fields) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if "cohort" in tree.members:
        said["cohort"] = int(_number(tree.members["cohort"], "cohort", whole=True))
    if "epsilon per permit" in tree.members:
        said["epsilon_total"] = _number(tree.members["epsilon per permit"], "epsilon per permit")
    if "withhold" in tree.members:
        said["withheld"] = frozenset(_texts(tree, "withhold"))
    return said


def _texts(tree: Fields, key: str) -> tuple[str, ...]:
    return tuple(text_of(item, f"'{key}'") for item in items_of(tree.members[key], f"'{key}'"))


def _words(tree: Fields, key: str, kind: type[AnswerKind] | type[Track]) -> tuple[str, ...]:
    possible = [word.value for word in kind]
    for item in items_of(tree.members[key], f"'{key}'"):
        if (word := text_of(item, f"'{key}'")) not in possible:
            raise unknown(item.where, f"a word for '{key}'", word, possible)
    return _texts(tree, key)


def _day(tree: Fields) -> datetime:
    node = tree.members["until"]
    try:
        day = datetime.strptime(text_of(node, "'until'"), "%Y-%m-%d")
    except ValueError as error:
        raise unreadable(node.where, "'until' is no day.", "Write it as 2027-06-30.") from error
    return day.replace(hour=23, minute=59, second=59, tzinfo=UTC)


def _number(node: Any, key: str, whole: bool = False) -> float:
    text = text_of(node, f"'{key}'")
    try:
        number = float(int(text)) if whole else float(text)
    except ValueError as error:
        raise unreadable(node.where, f"'{key}' is no number.", "Write digits.") from error
    if not (isinstance(node, Text) and 0 < number < 1e6):
        raise unreadable(node.where, f"'{key}' has to be above 0, and below a million.")
    return number
