"""Who may know that a dataset exists. What a principal may not discover does not exist for them: not in a list, a
count, a facet, a suggestion, a catalogue or an error.

1. A draft is known to stewards and administrators alone; they know of every dataset, since they curate it.
2. What is published may be discovered by everyone, unless a rule in force names the action `discover` for it.
3. Then these rules decide, as for every other action: one that forbids outweighs any that permit, and what cannot be
   told never helps. Where all of them forbid, publication is the permission that they take away from.

Nothing is asked yet when somebody looks around: no purpose is stated, no permit comes along, and the columns are all
columns of the dataset. Rules that do not name `discover` are about questions and say nothing here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from dataspace.errors import UnknownName
from dataspace.model.datasets import Column, ColumnType, Dataset, Label, VersionRef
from dataspace.model.finding import EVERYONE, STEWARDS
from dataspace.model.names import ColumnName, DatasetName, PolicyId, RuleId, SiteName
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Effect,
    Obligations,
    Policy,
    PolicySet,
    Rule,
    Target,
)
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.digest import policy_set
from dataspace.policy.index import candidates
from dataspace.policy.judge import allows
from dataspace.ports import Catalog
from dataspace.service.enforcing import Enforcement

CURATORS = frozenset({Role.STEWARD, Role.ADMINISTRATOR})
_UNNAMED = DatasetName("unnamed")
"""Stands for every dataset that no rule about discovery names."""
_DISCOVER = frozenset({Action.DISCOVER})


def visible_dataset(
    catalog: Catalog, name: DatasetName, principal: Principal, enforcement: Enforcement
) -> Dataset:
    """The dataset, if this principal may know of it; for others it does not exist. Raises UnknownName."""
    dataset = catalog.get(name)
    if dataset is None or not may_discover(dataset, principal, enforcement):
        names = tuple(seen.name for seen in discoverable(catalog, principal, enforcement))
        raise UnknownName("dataset", name, names, "`dataspace dataset list` shows the ones you can see.")
    return dataset


def discoverable(catalog: Catalog, principal: Principal, enforcement: Enforcement) -> Sequence[Dataset]:
    """All datasets that this principal may know of, by one snapshot of the policies and one reading of the clock."""
    sight = Sight(principal, enforcement.policies.current(), enforcement.clock.now(), enforcement.site)
    return [dataset for dataset in catalog.all() if sight.covers(dataset)]


def may_discover(dataset: Dataset, principal: Principal, enforcement: Enforcement) -> bool:
    """Whether this principal may know of the dataset now."""
    sight = Sight(principal, enforcement.policies.current(), enforcement.clock.now(), enforcement.site)
    return sight.covers(dataset)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one principal may know of at one moment."""

    principal: Principal
    policies: PolicySet
    now: datetime
    site: SiteName

    def covers(self, dataset: Dataset) -> bool:
        """Whether they may know of the dataset."""
        return self.sees(audience_of(dataset, self.policies))

    def sees(self, audience: str) -> bool:
        """Whether they belong to an audience. One that other rules made is nobody's: it is made anew."""
        if self.principal.roles & CURATORS or audience == EVERYONE:
            return True
        if audience == STEWARDS:
            return False
        rules = _rules(_Snapshot(self.policies))
        digest, name, labels = json.loads(audience)
        if digest != rules.digest:
            return False
        decided_by = rules.said if _permission_speaks(rules.said, name) else rules.with_publication
        return allows(self._request(DatasetName(name), labels), decided_by, self.now)

    def _request(self, name: DatasetName, labels: Sequence[str]) -> AccessRequest:
        carried = frozenset(Label(label) for label in labels)
        column = Column(ColumnName("every_column"), ColumnType.TEXT, labels=carried)
        version, kind = VersionRef(name, "latest"), AnswerKind.ROWS
        return AccessRequest(self.principal, Action.DISCOVER, "", version, (column,), kind, site=self.site)


def audience_of(dataset: Dataset, policies: PolicySet) -> str:
    """Who may know of a dataset, as one word: the same for all datasets that the same rules and labels decide on.

    It holds the digest of what all rules say about discovery, a dataset that stands for all that the same rules name,
    and the labels: so it can be read back wherever the same policies are in force.
    """
    if not dataset.published:
        return STEWARDS
    rules = _rules(_Snapshot(policies))
    labels = {label for column in dataset.columns for label in column.labels}
    if not any(_speaks(rule, dataset.name, labels) for _, _, rule in candidates(rules.said, dataset.name)):
        return EVERYONE
    stands = rules.stands.get(dataset.name, _UNNAMED)
    return json.dumps([rules.digest, stands, sorted(label.value for label in labels)])


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the policies in force say about discovery. `stands` is by dataset the one that stands for it."""

    said: PolicySet
    with_publication: PolicySet
    """And the permission that publishing a dataset is, where no rule permits by name."""
    stands: Mapping[DatasetName, DatasetName]
    digest: str


def _speaks(rule: Rule, name: DatasetName, labels: set[Label]) -> bool:
    """As for every action: a label is enough to forbid, and not enough to permit."""
    target = rule.target
    if target.everything or name in target.datasets:
        return True
    return rule.effect is Effect.FORBID and bool(target.labels & labels)


def _permission_speaks(said: PolicySet, name: DatasetName) -> bool:
    rules = [rule for _, _, rule in candidates(said, name) if rule.effect is Effect.PERMIT]
    return any(_speaks(rule, name, set()) for rule in rules)


class _Snapshot:
    """A set of policies, known by its digest: comparing the contents would cost more than reading them."""

    __slots__ = ("policies",)

    def __init__(self, policies: PolicySet) -> None:
        self.policies = policies

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Snapshot) and other.policies.digest == self.policies.digest

    def __hash__(self) -> int:
        return hash(self.policies.digest)


@lru_cache(maxsize=2)
def _rules(snapshot: _Snapshot) -> _Rules:
    """Worked out once for each set of policies; what is kept is what the policy engine has compiled."""
    said = policy_set(
        replace(policy, rules=named)
        for policy in snapshot.policies.policies
        if (named := tuple(_about_discovery(policy.rules)))
    )
    naming: dict[DatasetName, set[tuple[str, int]]] = {}
    for policy in said.policies:
        for place, rule in enumerate(policy.rules):
            for name in rule.target.datasets:
                naming.setdefault(name, set()).add((policy.id, place))
    first: dict[frozenset[tuple[str, int]], DatasetName] = {}
    stands = {name: first.setdefault(frozenset(naming[name]), name) for name in sorted(naming)}
    anyone = Rule(RuleId("published"), Effect.PERMIT, Target(everything=True), _DISCOVER)
    publication = Policy(PolicyId("(publication)"), "What is published", "the hub", (anyone,))
    return _Rules(said, policy_set((*said.policies, publication)), stands, said.digest[:16])


def _about_discovery(rules: Sequence[Rule]) -> Iterator[Rule]:
    """What such a rule says of answers and their limits has no meaning for discovery."""
    for rule in rules:
        if Action.DISCOVER in rule.actions:
            yield replace(rule, actions=_DISCOVER, kinds=frozenset(), obligations=Obligations())
