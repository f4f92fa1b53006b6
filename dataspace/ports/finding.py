"""What finding and harvesting need from the world."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dataspace.model.datasets import Dataset
from dataspace.model.finding import Entry, Found, Harvested, Peer, Wanted


class Finder(Protocol):
    """The index that the catalogue is searched by. Only entries of the audiences asked for count for anything."""

    def put(self, fresh: Sequence[Entry]) -> None:
        """Index entries, each in place of the one with the same id."""
        ...

    def remove(self, ids: Sequence[str]) -> None: ...
    def index_stale(self, build: Callable[[Dataset], Entry], everything: bool = False) -> int:
        """Index the datasets that were put since they were last indexed, or all; how many were looked at."""
        ...

    def find(self, wanted: Wanted) -> Found: ...
    def listing(self, audiences: frozenset[str], after: int, size: int) -> tuple[Sequence[Entry], int]:
        """All entries, page by page, the earliest first; and what to say `after` for the next page, 0 at the end.

        What is put meanwhile comes at the end, so nobody who reads all pages misses anything that stays.
        """
        ...

    def near(self, word: str, audiences: frozenset[str]) -> str:
        """A word like this one that an entry of these audiences holds; empty where there is none."""
        ...

    def audiences(self) -> frozenset[str]:
        """Every audience that an entry has."""
        ...

    def generation(self) -> str:
        """Another text after every change of the index."""
        ...


class Harvests(Protocol):
    """Records from other catalogues, with the triples that they brought, and the catalogues themselves."""

    def keep(self, origin: str, records: Sequence[Harvested]) -> tuple[int, int, int]:
        """Store and index those that are new or changed, all or none; how many were added, changed and as before."""
        ...

    def bury(self, origin: str, seen: frozenset[str], at: datetime) -> int:
        """Make tombstones of all records of this origin but the seen ones; how many."""
        ...

    def alive(self, origin: str) -> int: ...
    def triples(self, ids: Sequence[str]) -> Mapping[str, str]:
        """By id, of those that are not tombstones."""
        ...

    def put_peer(self, peer: Peer) -> None: ...
    def peer(self, url: str) -> Peer | None: ...
    def peers(self) -> Sequence[Peer]: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page of a catalogue elsewhere. `unchanged` where the peer says that the ETag still holds."""

    content: bytes
    media: str
    etag: str
    url: str
    unchanged: bool = False


class Elsewhere(Protocol):
    """Catalogues of others, over the network: bounded in size and time, never to a place inside this one."""

    def fetch(self, url: str, etag: str, token: str) -> Fetched:
        """Raises SourceError where that fails, or is larger or slower than allowed."""
        ...


class RecordReader(Protocol):
    """Records out of a page of RDF, and the address of the next page; SourceUnreadable for what cannot be read."""

    def __call__(self, page: Fetched, origin: str) -> tuple[Sequence[Harvested], str]: ...
