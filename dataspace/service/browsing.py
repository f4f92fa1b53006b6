"""The catalogue as a principal sees it: what is not theirs to know of does not exist."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dataspace.errors import UnknownName
from dataspace.model.datasets import Dataset, Dictionary
from dataspace.model.names import DatasetName
from dataspace.model.policies import Policy, Rule
from dataspace.model.principals import Principal, Role
from dataspace.ports import Catalog
from dataspace.service.discovering import CURATORS, discoverable, visible_dataset
from dataspace.service.enforcing import Enforcement


@dataclass(frozen=True, slots=True)
class Browsing:
    """Finding data before asking for it."""

    catalog: Catalog
    enforcement: Enforcement

    def datasets(self, principal: Principal, text: str = "") -> Sequence[Dataset]:
        """Datasets whose name, words or columns contain each word of the text; all where it is empty."""
        words = text.casefold().split()
        seen = discoverable(self.catalog, principal, self.enforcement)
        return [dataset for dataset in seen if all(word in _haystack(dataset) for word in words)]

    def dataset(self, principal: Principal, name: str) -> Dataset:
        """One dataset; raises UnknownName for what the principal may not see."""
        return visible_dataset(self.catalog, DatasetName(name), principal, self.enforcement)

    def policies(self, principal: Principal) -> Sequence[Policy]:
        """The policies in force, since whoever is bound by a rule may read it; without the datasets that this
        principal may not know of, and without the rules that speak of nothing else."""
        in_force = self.enforcement.policies.current().policies
        if principal.roles & (CURATORS | {Role.AUDITOR}):
            return in_force
        visible = {dataset.name for dataset in discoverable(self.catalog, principal, self.enforcement)}
        hidden = frozenset(dataset.name for dataset in self.catalog.all()) - visible
        told = (replace(policy, rules=tuple(_told(policy.rules, hidden))) for policy in in_force)
        return [policy for policy in told if policy.rules]

    def dictionary(self, name: str) -> Dictionary:
        """By `name@version`, or by `name` the latest. Dictionaries are public: sites need them before they join."""
        found = self.catalog.dictionary(name)
        if found is None:
            raise UnknownName(
                "dictionary", name, (), "The hub's steward loads one by `dataspace dataset dictionary FILE`."
            )
        return found


def _told(rules: Iterable[Rule], hidden: frozenset[DatasetName]) -> Iterator[Rule]:
    for rule in rules:
        target = rule.target
        left = target.datasets - hidden
        if left or target.labels or target.everything:
            yield rule if left == target.datasets else replace(rule, target=replace(target, datasets=left))


def _haystack(dataset: Dataset) -> str:
    columns = (word for column in dataset.columns for word in (column.name, column.title, column.description))
    words = (dataset.name, dataset.title, dataset.description, dataset.theme, *dataset.keywords, *columns)
    return " ".join(words).casefold()
