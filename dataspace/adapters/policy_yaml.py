"""Policies as people write them: a page of YAML, read into a `Policy` or refused with file, line and a hint.

    policy: icu-stays                 # its name
    title: Stays in intensive care
    owner: the data steward of hospital A
    on: icu_stays                     # datasets, a label such as special-category, or everything
    allow:                            # one permission, or a list of them
      for: scientific research        # purposes; kinds of them are meant too
      who: permit holders             # or anyone, researchers, {country: [DE, FR]}
      answers: [aggregate, noisy]     # rows, aggregate, noisy, train
      until: 2027-12-31               # through the end of that day
      limits: {cohort: 20}            # what the allowance owes
    forbid:
      for: uses of Art. 54
      because: The regulation forbids it.

Rare keys of a rule: `rule` (its name), `on` (another target), `do` (actions, where `answers` does not say it),
`when` and `unless` (further conditions). A missing target is refused: in ODRL it would mean any.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from dataspace.adapters import policy_conditions as conditions
from dataspace.adapters.policy_limits import limits
from dataspace.adapters.yaml_tree import (
    Fields,
    Node,
    Where,
    fields,
    items_of,
    read_tree,
    text_of,
    unknown,
    unreadable,
)
from dataspace.model.datasets import Label
from dataspace.model.names import DatasetName, PolicyId, RuleId, dataset_name, site_name
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Condition,
    Connective,
    Effect,
    Obligations,
    Policy,
    Rule,
    Target,
)
from dataspace.model.predicates import Predicate

PredicateReader = Callable[[str], Predicate]
Word = TypeVar("Word", bound=StrEnum)

_POLICY_KEYS = ("policy", "title", "owner", "site", "on", "allow", "forbid")
_RULE_KEYS = ("rule", "on", "for", "who", "answers", "do", "until", "when", "unless", "limits", "because")
_EFFECTS = {"allow": Effect.PERMIT, "forbid": Effect.FORBID}
_ACTIONS = {
    AnswerKind.ROWS: Action.READ,
    AnswerKind.AGGREGATE: Action.AGGREGATE,
    AnswerKind.NOISY: Action.AGGREGATE,
    AnswerKind.TRAIN: Action.TRAIN,
}


def parse_policy(text: str, file: str, predicate: PredicateReader) -> Policy:
    """One policy from its text. `file` is for messages; `predicate` reads row filters. Raises PolicyUnreadable."""
    document = fields(read_tree(text, file), _POLICY_KEYS, "a policy")
    rules = [
        _rule(_EFFECTS[key], number, item, document, predicate)
        for key in _EFFECTS
        if key in document.members
        for number, item in enumerate(items_of(document.members[key], f"'{key}'"), start=1)
    ]
    if not rules:
        raise unreadable(document.where, "the policy has no rule.", "Write 'allow:' or 'forbid:'.")
    names = [rule.id for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise unreadable(document.where, f"two rules are called '{twice}'.", "Give each its own 'rule:'.")
    return Policy(
        PolicyId(_name(document, "policy")),
        _required(document, "title"),
        _required(document, "owner"),
        tuple(rules),
        site_name(_name(document, "site")) if "site" in document.members else None,
    )


def enumerated(kind: type[Word], node: Node, what: str) -> frozenset[Word]:
    """Words of a closed list, one or several. Raises PolicyUnreadable."""
    found = set()
    for item in items_of(node, what):
        word = text_of(item, what).replace(" ", "-")
        if word not in {member.value for member in kind}:
            raise unknown(item.where, f"possible in {what}", word, [member.value for member in kind])
        found.add(kind(word))
    return frozenset(found)


def _rule(effect: Effect, number: int, node: Node, document: Fields, predicate: PredicateReader) -> Rule:
    verb = "allow" if effect is Effect.PERMIT else "forbid"
    rule = fields(node, _RULE_KEYS, f"'{verb}'")
    if not rule.members:
        raise unreadable(rule.where, f"'{verb}' is empty.", "Say what, for whom or for what purpose.")
    said = rule.members
    if effect is Effect.FORBID and "limits" in said:
        raise unreadable(rule.keys["limits"], "a prohibition has no limits.", "Put them into an 'allow'.")
    kinds = enumerated(AnswerKind, said["answers"], "'answers'") if "answers" in said else frozenset()
    owed = limits(said["limits"], predicate) if "limits" in said else Obligations()
    parts, expires = _conditions(rule)
    if effect is Effect.PERMIT and expires is not None:
        owed = replace(owed, expires=expires)
    return Rule(
        RuleId(_name(rule, "rule") if "rule" in said else f"{verb}-{number}"),
        effect,
        _target(rule, document, effect),
        enumerated(Action, said["do"], "'do'")
        if "do" in said
        else frozenset(_ACTIONS[kind] for kind in kinds),
        kinds,
        conditions.joined(Connective.AND, parts, rule.where) if parts else None,
        owed,
        text_of(said["because"], "'because'") if "because" in said else "",
    )


def _conditions(rule: Fields) -> tuple[tuple[Condition, ...], datetime | None]:
    said, parts, expires = rule.members, list[Condition](), None
    if "for" in said:
        parts.append(conditions.purposes(said["for"]))
    if "who" in said and (asker := conditions.who(said["who"])) is not None:
        parts.append(asker)
    if "until" in said:
        before, expires = conditions.until(said["until"])
        parts.append(before)
    if "when" in said:
        parts.append(conditions.condition(said["when"]))
    if "unless" in said:
        parts.append(conditions.negated(conditions.condition(said["unless"]), rule.keys["unless"]))
    return tuple(parts), expires


def _target(rule: Fields, document: Fields, effect: Effect) -> Target:
    node = rule.members.get("on") or document.members.get("on")
    if node is None:
        raise unreadable(rule.where, "the rule has no target.", "Write 'on: <dataset>', or 'on: everything'.")
    said = [(item.where, text_of(item, "'on'")) for item in items_of(node, "'on'")]
    if [word for _, word in said] == ["everything"]:
        return Target(everything=True)
    labels = {label.value: label for label in Label}
    plain = [(where, word.replace(" ", "-")) for where, word in said]
    datasets = frozenset(_dataset(where, word, labels) for where, word in plain if word not in labels)
    if effect is Effect.PERMIT and not datasets:
        raise unreadable(
            node.where, "a label alone permits nothing: labels take access away.", "Name the datasets."
        )
    return Target(datasets, frozenset(labels[word] for _, word in plain if word in labels))


def _dataset(where: Where, word: str, labels: Iterable[str]) -> DatasetName:
    try:
        if word == "everything":
            raise ValueError("'everything' stands alone")
        return dataset_name(word)
    except ValueError as error:
        if "-" in word:
            raise unknown(where, "a dataset's name or a label", word, labels) from error
        raise unreadable(where, f"'{word[:60]}' cannot be a target: {error}.") from error


def _required(node: Fields, key: str) -> str:
    if key not in node.members:
        raise unreadable(node.where, f"'{key}' is missing.", f"Write '{key}: …' at the top.")
    return text_of(node.members[key], f"'{key}'")


def _name(node: Fields, key: str) -> str:
    """Names of policies, rules and sites share one grammar, so that `policy/rule` can be read back."""
    text = _required(node, key)
    try:
        return site_name(text)
    except ValueError as error:
        raise unreadable(
            node.keys[key],
            f"'{text[:60]}' cannot be the name of a {key}.",
            "Use lower-case letters, digits and -.",
        ) from error
