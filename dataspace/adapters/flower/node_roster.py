"""Which nodes were admitted, on disk, for a SuperLink that forgets them when it ends."""

import json
import os
from pathlib import Path

from dataspace.adapters.tls import write_private
from dataspace.model.names import SiteName


class NodeRoster:
    """Public keys (PEM) by site, in one file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keys_by_site(self) -> dict[SiteName, bytes]:
        """All that are admitted."""
        try:
            fields = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        return {SiteName(site): key.encode() for site, key in fields.items()}

    def put(self, site: SiteName, key: bytes) -> None:
        """Admit; a site has one key, the latest."""
        self._write({**self.keys_by_site(), site: key})

    def drop(self, key: bytes) -> None:
        """No longer admit."""
        self._write({site: known for site, known in self.keys_by_site().items() if known != key})

    def _write(self, keys: dict[SiteName, bytes]) -> None:
        draft = self._path.with_suffix(".new")
        write_private(
            draft, json.dumps({site: key.decode() for site, key in keys.items()}, indent=1).encode()
        )
        os.replace(draft, self._path)  # noqa: PTH105
