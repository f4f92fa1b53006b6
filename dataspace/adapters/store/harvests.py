"""Records from other catalogues in the control store: kept with their triples, indexed, and never quite forgotten."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import every, one, packed, replace
from dataspace.adapters.store.finding import SqlFinder
from dataspace.adapters.store.tables import harvested, peers
from dataspace.model.finding import Harvested, Peer

_SOME = 500


class SqlHarvests:
    """`Harvests`. Ids hold the origin: no catalogue can change or bury the record of another."""

    def __init__(self, database: Database, finder: SqlFinder) -> None:
        self._database = database
        self._finder = finder

    def keep(self, origin: str, records: Sequence[Harvested]) -> tuple[int, int, int]:
        def work(connection: Connection) -> tuple[int, int, int]:
            known = _known(connection, list(by_id))
            fresh = [by_id[id] for id in by_id if id not in known]
            changed = [
                record for id, record in by_id.items() if id in known and known[id] != (record.digest, None)
            ]
            if fresh:
                connection.execute(insert(harvested), [_row(origin, record) for record in fresh])
            for record in changed:
                row = _row(origin, record)
                connection.execute(update(harvested).where(harvested.c.id == record.entry.id).values(row))
            self._finder.index.put_in(connection, [record.entry for record in (*fresh, *changed)])
            return len(fresh), len(changed), len(by_id) - len(fresh) - len(changed)

        by_id = {record.entry.id: record for record in records}
        return self._database.write(work)

    def bury(self, origin: str, seen: frozenset[str], at: datetime) -> int:
        def work(connection: Connection) -> int:
            query = select(harvested.c.id).where(harvested.c.origin == origin, harvested.c.gone.is_(None))
            gone = [id for id in connection.execute(query).scalars() if id not in seen]
            for start in range(0, len(gone), _SOME):
                some = gone[start : start + _SOME]
                here = harvested.c.id.in_(some)
                connection.execute(update(harvested).where(here).values(gone=at.isoformat()))
                self._finder.index.remove_in(connection, some)
            return len(gone)

        return self._database.write(work)

    def alive(self, origin: str) -> int:
        query = select(func.count()).where(harvested.c.origin == origin, harvested.c.gone.is_(None))
        with self._database.read() as connection:
            return connection.execute(query).scalar() or 0

    def triples(self, ids: Sequence[str]) -> Mapping[str, str]:
        query = select(harvested.c.id, harvested.c.triples).where(
            harvested.c.id.in_(list(ids)), harvested.c.gone.is_(None)
        )
        with self._database.read() as connection:
            return dict(connection.execute(query).all())

    def put_peer(self, peer: Peer) -> None:
        row: dict[str, object] = {"url": peer.url, "body": packed(peer)}
        self._database.write(lambda connection: replace(connection, peers, "url", row))

    def peer(self, url: str) -> Peer | None:
        with self._database.read() as connection:
            return one(connection, Peer, peers, "url", url)

    def peers(self) -> Sequence[Peer]:
        with self._database.read() as connection:
            return every(connection, Peer, peers, "url")


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    known: dict[str, tuple[str, str | None]] = {}
    columns = (harvested.c.id, harvested.c.digest, harvested.c.gone)
    for start in range(0, len(ids), _SOME):
        rows = connection.execute(select(*columns).where(harvested.c.id.in_(ids[start : start + _SOME])))
        known |= {id: (digest, gone) for id, digest, gone in rows}
    return known


def _row(origin: str, record: Harvested) -> dict[str, object]:
    return {
        "id": record.entry.id,
        "origin": origin,
        "digest": record.digest,
        "triples": record.triples,
        "gone": None,
    }
