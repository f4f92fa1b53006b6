"""People and sites in the control store."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import every, one, packed, replace
from dataspace.adapters.store.tables import people, sign_outs, sites
from dataspace.model.names import PrincipalId, SiteName
from dataspace.model.principals import Principal
from dataspace.model.sites import Site


class SqlPeople:
    """`People`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, principal: Principal) -> None:
        row: dict[str, object] = {"id": principal.id, "body": packed(principal)}
        self._database.write(lambda connection: replace(connection, people, "id", row))

    def get(self, id: PrincipalId) -> Principal | None:
        with self._database.read() as connection:
            return one(connection, Principal, people, "id", id)

    def all(self) -> Sequence[Principal]:
        with self._database.read() as connection:
            return every(connection, Principal, people, "id")

    def sign_out(self, id: PrincipalId, at: datetime) -> None:
        row: dict[str, object] = {"id": id, "at": at.isoformat()}
        self._database.write(lambda connection: replace(connection, sign_outs, "id", row))

    def signed_out_at(self, id: PrincipalId) -> datetime | None:
        with self._database.read() as connection:
            at = connection.execute(select(sign_outs.c.at).where(sign_outs.c.id == id)).scalar()
        return None if at is None else datetime.fromisoformat(at)


class SqlSites:
    """`Sites`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, site: Site) -> None:
        row: dict[str, object] = {"name": site.name, "body": packed(site)}
        self._database.write(lambda connection: replace(connection, sites, "name", row))

    def get(self, name: SiteName) -> Site | None:
        with self._database.read() as connection:
            return one(connection, Site, sites, "name", name)

    def all(self) -> Sequence[Site]:
        with self._database.read() as connection:
            return every(connection, Site, sites, "name")
