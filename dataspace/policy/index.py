"""The rules that can speak of a request, found without reading all policies: by target, by label, by what is asked.

A set of policies is sorted by what its rules target. The rules of one target are compiled, into closures, when it is
first asked for. A set that differs in a few policies is made from the one before it, so that a change costs what
changed; whoever decides meanwhile goes on with the set that they hold.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dataspace.model.datasets import Label
from dataspace.model.names import DatasetName, SiteName
from dataspace.model.policies import Action, AnswerKind, Effect, Obligations, Policy, PolicySet, Rule
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import normal, reveals_more
from dataspace.policy.evaluate import compiled
from dataspace.policy.facts import Observed
from dataspace.policy.kleene import Truth

Ruled = tuple[Policy, int, Rule]
"""A rule with its policy and its place there, counted from 0."""

K = TypeVar("K")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A rule, compiled. `truth` is None where it has no condition; `owed` is in normal form."""

    policy: Policy
    place: int
    rule: Rule
    site: SiteName | None
    truth: Callable[[Observed], Truth] | None
    owed: Obligations


Asked = tuple[tuple[Entry, ...], tuple[Entry, ...]]
"""Of the rules at one place: the prohibitions and the permissions that an action and a kind of answer leave."""


class Bucket:
    """The rules of one target."""

    __slots__ = ("_asked", "entries")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._asked: dict[str, Asked] = {}

    def asked(self, action: Action, kind: AnswerKind) -> Asked:
        """Those whose action and kind do not rule them out. Worked out once for each of the few pairs."""
        key = action + kind
        found = self._asked.get(key)
        if found is None:
            found = (
                tuple(entry for entry in self.entries if _may_forbid(entry.rule, action, kind)),
                tuple(entry for entry in self.entries if _permits(entry.rule, action, kind)),
            )
            self._asked[key] = found
        return found


class Shelf(Generic[K]):
    """Policies by what their rules target; `keys` says it of a rule. What stands under a key is compiled when it is
    first asked for: most of many thousand policies are not asked for between two changes."""

    __slots__ = ("_buckets", "_keys", "policies")

    def __init__(self, keys: Callable[[Rule], Collection[K]], policies: dict[K, tuple[Policy, ...]]) -> None:
        self._keys = keys
        self.policies = policies
        self._buckets: dict[K, Bucket] = {}

    def bucket(self, key: K) -> Bucket | None:
        """The rules under this key."""
        found = self._buckets.get(key)
        if found is None and key in self.policies:
            found = Bucket(self._entries(key, self.policies[key]))
            self._buckets[key] = found
        return found

    def all(self) -> list[Bucket]:
        """The rules under every key."""
        return [bucket for key in self.policies if (bucket := self.bucket(key)) is not None]

    def amended(self, gone: Sequence[Policy], come: Sequence[Policy]) -> "Shelf[K]":
        """Without the policies that went, with those that came; what is under other keys is taken over as it is."""
        left, fresh = {policy.id for policy in gone}, _sorted(come, self._keys)
        shelf = Shelf(self._keys, self.policies.copy())
        shelf._buckets = self._buckets.copy()
        for key in {*_sorted(gone, self._keys), *fresh}:
            kept = tuple(policy for policy in self.policies.get(key, ()) if policy.id not in left)
            if policies := (*kept, *fresh.get(key, ())):
                shelf.policies[key] = policies
            else:
                del shelf.policies[key]
            if (bucket := shelf._buckets.pop(key, None)) is not None and policies:
                same = (entry for entry in bucket.entries if entry.policy.id not in left)
                shelf._buckets[key] = Bucket((*same, *self._entries(key, fresh.get(key, ()))))
        return shelf

    def _entries(self, key: K, policies: Iterable[Policy]) -> Iterator[Entry]:
        for policy in policies:
            for place, rule in enumerate(policy.rules):
                if key in self._keys(rule):
                    truth = None if rule.condition is None else compiled(rule.condition)
                    yield Entry(policy, place, rule, policy.site, truth, normal(rule.obligations))


class Index:
    """Policies on three shelves. `digests` are the raw SHA-256 of each policy, 32 bytes after 32 bytes in the order of
    the set; empty where they were not worked out."""

    __slots__ = ("digests", "everything", "labelled", "named")

    def __init__(self, policies: Sequence[Policy], digests: bytes = b"") -> None:
        self.named: Shelf[DatasetName] = Shelf(_datasets, _sorted(policies, _datasets))
        self.labelled: Shelf[Label] = Shelf(_labels, _sorted(policies, _labels))
        self.everything: Shelf[bool] = Shelf(_everything, _sorted(policies, _everything))
        self.digests = digests

    def buckets(self, request: AccessRequest) -> list[Bucket]:
        """Where rules that speak of the request stand. A rule may stand in several."""
        found = [] if (every := self.everything.bucket(True)) is None else [every]
        if (named := self.named.bucket(request.dataset.dataset)) is not None:
            found.append(named)
        if self.labelled.policies and (carried := _carried(request)):
            found += [bucket for label in carried if (bucket := self.labelled.bucket(label)) is not None]
        return found

    def speaking(self, request: AccessRequest) -> Iterator[Entry]:
        """Every rule that speaks of the request, once.

        A label is enough to forbid. It is not enough to permit: a permission has to name the dataset (or say
        everything), so that a label put on a column can take access away and never give it.
        """
        return iter(_once(self.buckets(request)))

    def amended(self, gone: Sequence[Policy], come: Sequence[Policy], digests: bytes) -> "Index":
        """Without the policies that went, with those that came; all other rules are taken over as they are."""
        index = Index((), digests)
        index.named = self.named.amended(gone, come)
        index.labelled = self.labelled.amended(gone, come)
        index.everything = self.everything.amended(gone, come)
        return index


def indexed(policies: PolicySet) -> Index:
    """The compiled form of a set, made when it is first met."""
    index = getattr(policies, "compiled", None)
    return index if isinstance(index, Index) else keep(policies, Index(policies.policies))


def keep(policies: PolicySet, index: Index) -> Index:
    """Take this as the compiled form of the set. Where two do so at the same moment, either will do."""
    object.__setattr__(policies, "compiled", index)
    return index


def candidates(policies: PolicySet, dataset: DatasetName) -> Sequence[Ruled]:
    """Every rule that might speak of the dataset, whatever its columns carry; in no particular order."""
    index = indexed(policies)
    named = index.named.bucket(dataset)
    buckets = [*index.everything.all(), *([named] if named is not None else []), *index.labelled.all()]
    return [(entry.policy, entry.place, entry.rule) for entry in _once(buckets)]


def covers(actions: frozenset[Action], asked: Action) -> Truth:
    """`use` covers the others; whether a rule about one of them covers an unspecific use cannot be told."""
    if not actions or Action.USE in actions or asked in actions:
        return True
    return None if asked is Action.USE else False


def _once(buckets: Iterable[Bucket]) -> Collection[Entry]:
    """Each rule once: the same one is compiled under each of its targets."""
    return {(id(entry.policy), entry.place): entry for bucket in buckets for entry in bucket.entries}.values()


def _carried(request: AccessRequest) -> frozenset[Label]:
    """The labels of the columns that are asked for."""
    return frozenset().union(*[column.labels for column in request.columns if column.labels])


def _datasets(rule: Rule) -> Collection[DatasetName]:
    return () if rule.target.everything else rule.target.datasets


def _labels(rule: Rule) -> Collection[Label]:
    """A label is enough to forbid, and not to permit."""
    target = rule.target
    return () if target.everything or rule.effect is Effect.PERMIT else target.labels


def _everything(rule: Rule) -> Collection[bool]:
    return (True,) if rule.target.everything else ()


def _sorted(policies: Iterable[Policy], keys: Callable[[Rule], Collection[K]]) -> dict[K, tuple[Policy, ...]]:
    """The policies by what their rules target, each once under each key."""
    found: dict[K, list[Policy]] = {}
    for policy in policies:
        for rule in policy.rules:
            for key in keys(rule):
                there = found.setdefault(key, [])
                if not there or there[-1] is not policy:
                    there.append(policy)
    return {key: tuple(there) for key, there in found.items()}


def _may_forbid(rule: Rule, action: Action, kind: AnswerKind) -> bool:
    fits = not rule.kinds or kind in rule.kinds
    return rule.effect is Effect.FORBID and fits and covers(rule.actions, action) is not False


def _permits(rule: Rule, action: Action, kind: AnswerKind) -> bool:
    fits = not rule.kinds or kind in rule.kinds
    within = not reveals_more(kind, rule.obligations.answer)
    return rule.effect is Effect.PERMIT and fits and within and covers(rule.actions, action) is True
