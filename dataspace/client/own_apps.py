"""Apps of one's own from a notebook: what the hub has, and one more."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dataspace.client.tables import Grid
from dataspace.client.views import Listing
from dataspace.client.wire import Wire
from dataspace.errors import InvalidRequest


class OwnApps:
    """The part of a hub that keeps apps of researchers for the sites."""

    _wire: Wire

    def apps(self) -> Listing[Mapping[str, str]]:
        """Apps that were offered here. A site runs one only after its people approved it."""
        found = self._wire.get("/apps")
        rows = tuple((one["name"], one["version"], one["uses"], one["app"], one["summary"]) for one in found)
        return Listing(found, Grid(("name", "version", "uses", "hash", ""), rows))

    def offer_app(self, archive: str | Path | bytes) -> str:
        """Put an app here that `dataspace app pack` packed, so that sites can review it; its hash, for `train`.

        Raises InvalidRequest for what is no app, VerificationFailed for a signature that does not hold.
        """
        try:
            content = archive if isinstance(archive, bytes) else Path(archive).read_bytes()
        except OSError as error:
            raise InvalidRequest(
                f"'{archive!s}' cannot be read ({error.strerror}).", "Name what `dataspace app pack` wrote."
            ) from error
        said: Any = self._wire.upload("/apps", _one(content))
        return str(said["app"])


def _one(content: bytes) -> Iterator[bytes]:
    yield content
