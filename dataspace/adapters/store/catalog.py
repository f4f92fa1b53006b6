"""The catalogue and the answers that may be given again, in the control store."""

from collections.abc import Sequence

import pyarrow as pa
from sqlalchemy import Connection, delete, insert, select

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import every, one, packed, replace, unpacked
from dataspace.adapters.store.tables import answers, datasets, dictionaries, stale, versions
from dataspace.errors import Conflict
from dataspace.model.datasets import Dataset, Dictionary, Version, VersionRef
from dataspace.model.names import DatasetName


class SqlCatalog:
    """`Catalog`. A version and a dictionary's version never change once they are there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, dataset: Dataset) -> None:
        row: dict[str, object] = {"name": dataset.name, "body": packed(dataset)}

        def work(connection: Connection) -> None:
            replace(connection, datasets, "name", row)
            replace(connection, stale, "dataset", {"dataset": dataset.name})

        self._database.write(work)

    def get(self, name: DatasetName) -> Dataset | None:
        with self._database.read() as connection:
            return one(connection, Dataset, datasets, "name", name)

    def all(self) -> Sequence[Dataset]:
        with self._database.read() as connection:
            return every(connection, Dataset, datasets, "name")

    def put_version(self, version: Version) -> None:
        """Its name is its content's hash: one that is there already stays as it was first put."""

        def work(connection: Connection) -> None:
            if _version(connection, version.ref) is None:
                row = {"dataset": version.ref.dataset, "sha256": version.ref.sha256, "body": packed(version)}
                connection.execute(insert(versions).values(row))

        self._database.write(work)

    def version(self, ref: VersionRef) -> Version | None:
        with self._database.read() as connection:
            return _version(connection, ref)

    def put_dictionary(self, dictionary: Dictionary) -> None:
        """Raises Conflict where the same `name@version` is there with other contents."""

        def work(connection: Connection) -> None:
            kept = _dictionary(connection, dictionary.name, dictionary.version)
            if kept is not None and kept != dictionary:
                raise Conflict(
                    f"The dictionary '{dictionary}' is there with other contents.", "Give it a new version."
                )
            if kept is None:
                row = {
                    "name": dictionary.name,
                    "version": dictionary.version,
                    "body": packed(dictionary),
                }
                connection.execute(insert(dictionaries).values(row))

        self._database.write(work)

    def dictionary(self, name: str) -> Dictionary | None:
        bare, _, version = name.partition("@")
        with self._database.read() as connection:
            return _dictionary(connection, bare, version)


class SqlAnswers:
    """`Answers`. The first answer to a question stays: a second draw of its noise would give more away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recall(self, key: str) -> pa.Table | None:
        with self._database.read() as connection:
            body = connection.execute(select(answers.c.body).where(answers.c.key == key)).scalar()
        if body is None:
            return None
        with pa.ipc.open_stream(body) as reader:
            return reader.read_all()

    def remember(self, key: str, answer: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, answer.schema) as writer:
            writer.write_table(answer)
        body = sink.getvalue().to_pybytes()

        def work(connection: Connection) -> None:
            if connection.execute(select(answers.c.key).where(answers.c.key == key)).first() is None:
                connection.execute(insert(answers).values(key=key, body=body))

        self._database.write(work)

    def forget(self, version: str) -> None:
        mine = answers.c.key.startswith(f"{version}/", autoescape=True)
        self._database.write(lambda connection: connection.execute(delete(answers).where(mine)))


def _version(connection: Connection, ref: VersionRef) -> Version | None:
    query = select(versions.c.body).where(versions.c.dataset == ref.dataset, versions.c.sha256 == ref.sha256)
    body = connection.execute(query).scalar()
    return None if body is None else unpacked(Version, body)


def _dictionary(connection: Connection, name: str, version: str) -> Dictionary | None:
    """The one of that version; the latest one put where `version` is empty."""
    query = select(dictionaries.c.body).where(dictionaries.c.name == name)
    if version:
        query = query.where(dictionaries.c.version == version)
    body = connection.execute(query.order_by(dictionaries.c.number.desc()).limit(1)).scalar()
    return None if body is None else unpacked(Dictionary, body)
