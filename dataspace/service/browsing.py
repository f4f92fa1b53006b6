"""The catalogue as a principal sees it: what is not theirs to know of does not exist."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataspace.errors import UnknownName
from dataspace.model.datasets import Dataset, Dictionary
from dataspace.model.names import DatasetName
from dataspace.model.principals import Principal
from dataspace.ports import Catalog
from dataspace.service.asking import may_discover, visible_dataset


@dataclass(frozen=True, slots=True)
class Browsing:
    """Finding data before asking for it."""

    catalog: Catalog

    def datasets(self, principal: Principal, text: str = "") -> Sequence[Dataset]:
        """Datasets whose name, words or columns contain each word of the text; all where it is empty."""
        words = text.casefold().split()
        seen = [dataset for dataset in self.catalog.all() if may_discover(dataset, principal)]
        return [dataset for dataset in seen if all(word in _haystack(dataset) for word in words)]

    def dataset(self, principal: Principal, name: str) -> Dataset:
        """One dataset; raises UnknownName for what the principal may not see."""
        return visible_dataset(self.catalog, DatasetName(name), principal)

    def dictionary(self, name: str) -> Dictionary:
        """By `name@version`, or by `name` the latest. Dictionaries are public: sites need them before they join."""
        found = self.catalog.dictionary(name)
        if found is None:
            raise UnknownName("dictionary", name)
        return found


def _haystack(dataset: Dataset) -> str:
    columns = (word for column in dataset.columns for word in (column.name, column.title, column.description))
    words = (dataset.name, dataset.title, dataset.description, dataset.theme, *dataset.keywords, *columns)
    return " ".join(words).casefold()
