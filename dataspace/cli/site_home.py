"""A site of this machine, opened for as long as one command takes."""

from pathlib import Path
from typing import TYPE_CHECKING

from dataspace.settings import SiteSettings

if TYPE_CHECKING:
    from datetime import datetime

    from dataspace.bootstrap import SiteServices
    from dataspace.model.datasets import Dataset
    from dataspace.model.names import RunId, SiteName
    from dataspace.ports import Signer
    from dataspace.site.line import HubLine
    from dataspace.site.telling import Telling


class OpenedSite:
    """A site's services with its line to the hub, while a command runs."""

    def __init__(self, settings: SiteSettings) -> None:
        self.settings = settings
        self.name = settings.pinned.site
        self._line: HubLine | None = None
        self._services: SiteServices | None = None

    @property
    def services(self) -> "SiteServices":
        """What runs at the site."""
        if self._services is None:
            raise RuntimeError("the site was not opened")
        return self._services

    @property
    def line(self) -> "HubLine":
        """To the hub."""
        if self._line is None:
            raise RuntimeError("the site was not opened")
        return self._line

    def __enter__(self) -> "OpenedSite":
        from dataspace.bootstrap import build_site
        from dataspace.site.line import HubLine

        self._line = HubLine(self.settings.pinned.hub, self.settings.pinned.hub_ca)
        self._services = build_site(self.settings, self._line.status)
        return self

    def __exit__(self, *_: object) -> None:
        if self._services is not None:
            self._services.close()
        if self._line is not None:
            self._line.close()

    def dictionary(self, named: str) -> str:
        """Load a dictionary into the site's own catalogue, from a file or from the hub; its `name@version`."""
        from dataspace.adapters.dictionary_yaml import parse_dictionary
        from dataspace.cli.files import read_text

        if named.endswith((".yaml", ".yml")):
            found = parse_dictionary(read_text(Path(named)), Path(named).name)
        else:
            found = self.line.dictionary(named)
        self.services.catalog.put_dictionary(found)
        return str(found)

    def offer(self, name: str, dictionary: str) -> "Dataset":
        """Tell the hub that this site holds a dataset; what the hub describes under that name."""
        speaker = self._speaker()
        self.line.offer(*speaker, [name], dictionary)
        return self.line.dataset(*speaker, name)

    def permit(self, id: str) -> str:
        """The signed document of a permit that concerns this site, from the hub; not verified."""
        return self.line.permit(*self._speaker(), id)

    def app(self, hash: str) -> bytes:
        """The archive of a researcher's app, from the hub; not checked."""
        return self.line.app(*self._speaker(), hash)

    def run_goes_on(self, run: "RunId") -> bool:
        """Whether the hub still waits for answers of a run. Raises SourceError where it cannot be asked."""
        return self.line.goes_on(*self._speaker(), run)

    def telling(self) -> "Telling":
        """What tells the hub of this site's ledger."""
        from dataspace.site.telling import LineMirror, Telling

        name, signer, _ = self._speaker()
        guard, account = self.services.guard, self.services.account
        clock = guard.enforcement.clock
        mirror = LineMirror(self.line, name, signer, clock)
        return Telling(name, account.catalog, account.ledger, clock, signer.sign, mirror)

    def _speaker(self) -> "tuple[SiteName, Signer, datetime]":
        from dataspace.adapters.keys import FileSigner
        from dataspace.model.names import SiteName

        now = self.services.guard.enforcement.clock.now()
        return SiteName(self.name), FileSigner(self.settings.home, "signing"), now
