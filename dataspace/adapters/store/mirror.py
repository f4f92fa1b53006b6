"""What sites told of their own ledgers, in the control store: rows are added and never changed."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import packed, unpacked
from dataspace.adapters.store.tables import mirrored
from dataspace.errors import Conflict
from dataspace.model.mirrored import FINAL, Held, SiteEntry, Told
from dataspace.model.names import DatasetName, SiteName
from dataspace.privacy.checking import check_payer

Place = tuple[str, int]
"""Of a charge: the key that its site signs with, and its number."""


class SqlMirror:
    """`Mirror`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, site: SiteName, key: str, lineage: DatasetName) -> Held:
        query = select(mirrored.c.number, mirrored.c.told).where(
            mirrored.c.site == site, mirrored.c.key == key, mirrored.c.lineage == lineage
        )
        with self._database.read() as connection:
            rows = [(int(number), Told(told)) for number, told in connection.execute(query)]
        raised = [number for number, told in rows if told is Told.RAISED]
        charges = {number for number, told in rows if told not in (Told.RAISED, Told.SEEN)}
        over = {number for number, told in rows if told in FINAL}
        return Held(max(charges, default=0), tuple(sorted(charges - over)), max(raised, default=0))

    def keep(self, key: str, entries: Sequence[SiteEntry]) -> None:
        def work(connection: Connection) -> None:
            for entry in entries:
                _put(connection, key, entry)

        self._database.write(work)

    def entries(self, lineage: DatasetName) -> Sequence[SiteEntry]:
        query = select(mirrored.c.site, mirrored.c.key, mirrored.c.number, mirrored.c.body).where(
            mirrored.c.lineage == lineage
        )
        with self._database.read() as connection:
            rows = [
                (site, key, int(number), unpacked(SiteEntry, body))
                for site, key, number, body in connection.execute(query)
            ]
        over: set[tuple[str, str, int]] = {
            (site, key, number) for site, key, number, entry in rows if entry.told in FINAL
        }
        told = [
            (site, number, key, entry)
            for site, key, number, entry in rows
            if entry.told is not Told.RESERVED or (site, key, number) not in over
        ]
        return [entry for *_, entry in sorted(told, key=lambda one: (*one[:3], one[3].told))]


def _put(connection: Connection, key: str, entry: SiteEntry) -> None:
    """Add one. Raises Conflict where it says something else than what is kept."""
    here = (
        (mirrored.c.site == entry.site)
        & (mirrored.c.key == key)
        & (mirrored.c.lineage == entry.account.lineage)
        & (mirrored.c.number == entry.number)
    )
    rows = connection.execute(select(mirrored.c.told, mirrored.c.body).where(here)).all()
    kept = {Told(told): unpacked(SiteEntry, body) for told, body in rows}
    if entry.told is Told.SEEN:
        if (before := kept.get(Told.SEEN)) is not None and before.at >= entry.at:
            return
        connection.execute(delete(mirrored).where(here, mirrored.c.told == Told.SEEN.value))
    elif entry.told is not Told.RAISED:
        kept.pop(Told.RAISED, None)  # numbered by themselves
        if not _news(kept, entry):
            return
    elif (same := kept.get(Told.RAISED)) is not None:
        _check_same(same, entry)
        return
    row = {
        "site": entry.site,
        "key": key,
        "lineage": entry.account.lineage,
        "number": entry.number,
        "told": entry.told.value,
        "body": packed(entry),
    }
    connection.execute(insert(mirrored).values(row))


def _news(kept: dict[Told, SiteEntry], entry: SiteEntry) -> bool:
    """Whether a charge says more than what is kept of it."""
    if (same := kept.get(entry.told)) is not None:
        _check_same(same, entry)
        return False
    over = next((one for told, one in kept.items() if told in FINAL), None)
    before = over or kept.get(Told.RESERVED)
    if before is None:
        return True
    if (
        (before.account, before.at) != (entry.account, entry.at)
        or before.charge is None
        or entry.charge is None
        or (over is not None and entry.told is not Told.RESERVED)
    ):
        raise _other(entry)
    check_payer(before.charge, entry.charge)
    return over is None


def _check_same(kept: SiteEntry, entry: SiteEntry) -> None:
    if replace(kept, signature="") != replace(entry, signature=""):
        raise _other(entry)


def _other(entry: SiteEntry) -> Conflict:
    return Conflict(
        f"{entry.site} told something else of number {entry.number} of its ledger before.",
        "Was its folder restored from a backup? What was told first stays.",
    )
