"""Policies that wait for a second steward, in the control store."""

from collections.abc import Sequence

from sqlalchemy import delete

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import every, one, packed, replace
from dataspace.adapters.store.tables import proposals
from dataspace.model.names import PolicyId
from dataspace.model.publishing import Proposal


class SqlProposals:
    """`Proposals`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, proposal: Proposal) -> None:
        row: dict[str, object] = {"id": proposal.policy, "body": packed(proposal)}
        self._database.write(lambda connection: replace(connection, proposals, "id", row))

    def get(self, policy: PolicyId) -> Proposal | None:
        with self._database.read() as connection:
            return one(connection, Proposal, proposals, "id", policy)

    def all(self) -> Sequence[Proposal]:
        with self._database.read() as connection:
            found = every(connection, Proposal, proposals, "id")
        return sorted(found, key=lambda proposal: proposal.at)

    def remove(self, policy: PolicyId) -> None:
        gone = delete(proposals).where(proposals.c.id == policy)
        self._database.write(lambda connection: connection.execute(gone))
