"""Tables of a PostgreSQL database as a source: only those that are listed, read-only, streamed as Arrow.

The location is the path of a file that only its owner may read (0600), in the form

    uri = postgresql://reader@db.example/hospital
    password = ...
    tables = public.stays, lab.results

so that no password stands in a command line, a setting or a log. A listed table is called `stays` or, where its schema
is not `public`, `lab.results`.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit, urlunsplit

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from dataspace.connector import (
    Batch,
    Schema,
    SourceUnreadable,
    UnknownName,
    chosen_columns,
    guarded,
)

__all__ = ["PostgresSource"]

BATCH_BYTES = 4 << 20
_KEYS = {"uri", "password", "tables"}
_ADVICE = "Write the lines uri, password and tables into a file with the rights 0600."


class PostgresSource:
    """`Source` over the tables that the file at `location` lists."""

    schemes: ClassVar[tuple[str, ...]] = ("postgresql",)

    def __init__(self, location: str | Path) -> None:
        said = _read(Path(location))
        self._uri = _with_password(said["uri"], said.get("password", ""))
        self._tables = _listed(said["tables"])

    @classmethod
    def at(cls, address: str, secret: str, item: str = "") -> "PostgresSource":
        """The tables named by `item`, with commas between, at an address without a password; `secret` is that."""
        source = cls.__new__(cls)
        source._uri, source._tables = _with_password(address, secret), _listed(item)
        return source

    def names(self) -> Sequence[str]:
        return sorted(self._tables)

    def schema(self, name: str) -> Schema:
        batches = self._batches(name, None, 0)
        try:
            return next(batches).schema
        finally:
            batches.close()

    def scan(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        schema = self.schema(name)
        wanted = list(chosen_columns(schema.names, columns))
        return guarded(name, self._rows(name, wanted))

    def _rows(self, name: str, columns: Sequence[str]) -> Iterator[Batch]:
        batches = self._batches(name, columns, None)
        next(batches)  # the schema, as a batch without rows
        yield from batches

    def _batches(self, name: str, columns: Sequence[str] | None, limit: int | None) -> Any:
        """A batch without rows first, then all others, in one read-only transaction that sees one moment."""
        if name not in self._tables:
            raise UnknownName("source", name, sorted(self._tables))
        schema, table = self._tables[name]
        fields = ", ".join(map(_quoted, columns)) if columns is not None else "*"
        # Names are listed by the operator or come from the table itself, and are quoted. The order of rows is the
        # physical one, which stays as long as nobody writes: two readings of an unchanged table are the same.
        sql = f"SELECT {fields} FROM {_quoted(schema)}.{_quoted(table)}"  # noqa: S608
        sql += " ORDER BY ctid" if limit is None else f" LIMIT {limit}"
        return guarded(name, self._streamed(sql))

    def _connected(self) -> Any:
        try:
            return adbc.connect(self._uri)
        except adbc.Error as error:
            # Not passed on as the cause: the driver's text repeats the address, and may repeat the password.
            kind = type(error).__name__
        raise SourceUnreadable(
            f"The database does not answer, or does not let this account in ({kind}).",
            "Is it running, and does the secret still hold?",
        )

    def _streamed(self, sql: str) -> Iterator[Batch]:
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
            cursor.execute(sql)
            reader = cursor.fetch_record_batch()
            schema = pa.schema([pa.field(field.name, field.type) for field in reader.schema])
            yield pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
            for batch in reader:
                if batch.num_rows:
                    yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)


def _read(path: Path) -> Mapping[str, str]:
    try:
        with path.open() as file:
            status = os.fstat(file.fileno())  # of what is read, not of what stands there by now
            text = file.read(65_536)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The file '{path.name}' cannot be read.", _ADVICE) from error
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise SourceUnreadable(f"Others than its owner may read '{path.name}'.", "Run: chmod 600 on it.")
    lines = (line.partition("=") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    said = {key.strip(): value.strip() for key, _, value in lines}
    if not {"uri", "tables"} <= said.keys() <= _KEYS:
        raise SourceUnreadable(f"'{path.name}' does not say what a database needs.", _ADVICE)
    return said


def _with_password(uri: str, password: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme not in ("postgresql", "postgres") or parts.password:
        raise SourceUnreadable("The uri of the database cannot be used.", _ADVICE)
    if not password:
        return uri
    user, _, host = parts.netloc.rpartition("@")
    user = user.rstrip(":")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def _listed(text: str) -> Mapping[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for name in filter(None, (part.strip() for part in text.split(","))):
        schema, _, table = name.rpartition(".")
        found[table if schema in ("", "public") else name] = (schema or "public", table)
    return found


def _quoted(name: str) -> str:
    if "\0" in name:
        raise UnknownName("column", name)
    return '"' + name.replace('"', '""') + '"'
