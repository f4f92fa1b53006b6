"""People and sites in the control store."""

from collections.abc import Sequence

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import every, one, packed, replace
from dataspace.adapters.store.tables import people, sites
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
