"""What the steps of the walk share: who acts, where, and what earlier steps left for later ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dataspace.cli.demo.facts import LogFacts, SiteData
from dataspace.cli.demo.stays import Row
from dataspace.client.answers import Answer
from dataspace.client.hub import Hub
from dataspace.client.views import PermitView
from dataspace.model.datasets import Dictionary


class World(Protocol):
    """The hub and the sites as the demo reaches them."""

    @property
    def folder(self) -> Path:
        """A folder of the demo's own, gone at its end."""
        ...

    @property
    def deposit(self) -> Path:
        """The file that the fifth group of hospitals has handed to the hub."""
        ...

    @property
    def hospital_rows(self) -> Mapping[str, Sequence[Row]]:
        """Rows by hospital, which only the comparison of step 8 may look at together."""
        ...

    def set_up_sites(self, invite: Callable[[str], tuple[str, str]]) -> Sequence[SiteData]:
        """Have every site join with its invitation (secret, expiry), register its own data, and go online."""
        ...

    def load_site_policies(self) -> Mapping[str, tuple[str, ...]]:
        """Put each site's policies in force there; their names by site."""
        ...

    def wait_for_sites(self, sites: Sequence[str]) -> None:
        """Until these sites are connected; raises SiteUnavailable where one is not in time."""
        ...

    def issuer_key(self) -> bytes:
        """The key that a site has pinned for permits."""
        ...

    def site_logs(self) -> Sequence[LogFacts]:
        """Each site's own log, recomputed there from its records."""
        ...


@dataclass(slots=True)
class Stage:
    """One run of the walk. `waiting` says what is being waited for."""

    world: World
    steward: Hub
    researcher: Hub
    auditor: Hub
    waiting: Callable[[str], None]
    dictionaries: dict[str, Dictionary] = field(default_factory=dict)
    permit: PermitView | None = None
    answer: Answer | None = None
    """That of step 5, whose receipt step 10 verifies."""
    receipts: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def granted(self) -> PermitView:
        """The permit of step 4."""
        if self.permit is None:
            raise LookupError("step 4 has not been walked")
        return self.permit
