"""A version of the vault as a source, so that it can be curated further like any other."""

from collections.abc import Iterator, Sequence

from dataspace.adapters.duckdb.measuring import tables
from dataspace.adapters.duckdb.parquet import normalised_schema, open_for_reading
from dataspace.connector import Batch, Schema, chosen_columns, guarded
from dataspace.errors import UnknownName
from dataspace.model.datasets import VersionRef
from dataspace.ports import Vault


class VersionSource:
    """`Source` over one version; its only name is the dataset's."""

    def __init__(self, vault: Vault, ref: VersionRef) -> None:
        self._vault, self._ref = vault, ref

    def names(self) -> Sequence[str]:
        return [self._ref.dataset]

    def schema(self, name: str) -> Schema:
        """From the footer of the first file."""
        self._check(name)
        with open_for_reading(self._vault.files(self._ref)[0]) as reader:
            return normalised_schema(reader.schema_arrow)

    def scan(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        self._check(name)
        wanted = list(chosen_columns(self.schema(name).names, columns))
        return guarded(name, self._batches(wanted))

    def _batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        for table in tables(self._vault.files(self._ref), columns):
            yield from table.to_batches()

    def _check(self, name: str) -> None:
        if name != self._ref.dataset:
            raise UnknownName("source", name, self.names())
