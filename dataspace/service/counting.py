"""Counting what the hub holds itself, so that one question serves wherever the rows lie.

It is the aggregate that it would be in SQL: decided, suppressed, guarded against differences, recorded and told with a
receipt like any other. Rows at the hub count as those of one more site, under the hub's name.
"""

from collections.abc import Sequence

import pyarrow as pa

from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import Dataset
from dataspace.model.names import PermitId, SiteName
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, RecordKind
from dataspace.model.requests import Query
from dataspace.service.asking import Asking
from dataspace.service.charging import Delivered
from dataspace.service.notes import table_digest, with_note


def count_here(
    asking: Asking,
    principal: Principal,
    dataset: Dataset,
    where: str,
    columns: Sequence[str],
    permit: PermitId | None,
    purpose: str,
) -> Delivered:
    """Units that match, by columns that the dataset has. `where` was read as a condition before."""
    keys = [_quoted(column) for column in columns]
    text = f"SELECT {', '.join([*keys, 'count(*) AS n'])} FROM {_quoted(dataset.name)}"  # noqa: S608 - parsed, never run
    text += f" WHERE ({where}\n)" if where else ""  # a new line: the condition may end in a comment
    text += f" GROUP BY {', '.join(keys)}" if keys else ""
    delivered = asking.ask(Query(principal, text, purpose, permit, AnswerKind.AGGREGATE))
    if not isinstance(delivered, Delivered):
        raise UnsupportedQuery("rows", "Ask for them in SQL.")
    return delivered


def by_site(asking: Asking, principal: Principal, found: Delivered, column: str, name: SiteName) -> Delivered:
    """The same with the column of the site before all others, and an outcome of its own: it is another table."""
    sites = pa.array([name] * found.table.num_rows, pa.string())
    table = found.table.add_column(0, column, sites)
    table = table.cast(with_note(table.schema, found.note))
    closing: dict[str, JSON] = {"intent": found.intent, "outcome": "complete", "answer": table_digest(table)}
    number = asking.answering.enforcement.record(RecordKind.QUERY_DELIVERED, principal, closing)
    return Delivered(table, found.note, found.intent, number)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
