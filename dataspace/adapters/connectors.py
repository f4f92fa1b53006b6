"""The one door for connectors: entry points of the group `dataspace.connectors`, loaded by name when asked for."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import cast

from dataspace.connector import Source
from dataspace.errors import ConnectorMissing, SourceUnreadable

GROUP = "dataspace.connectors"
_SUFFIXES = {".csv": "csv", ".parquet": "parquet"}


def load_connector(name: str) -> Callable[[str], Source]:
    """The connector's class: call it with a location. Raises ConnectorMissing.

    Two packages under one name are an error, since taking either would let a stray package stand in for a trusted one.
    """
    claims = _installed().get(name, ())
    if not claims:
        known = ", ".join(sorted(_installed())) or "none"
        raise ConnectorMissing(
            f"There is no connector named '{name}'; installed: {known}.",
            f"Install the package that brings '{name}', or use one of these.",
        )
    if len({claim.value for claim in claims}) > 1:
        places = ", ".join(sorted(claim.value for claim in claims))
        raise ConnectorMissing(
            f"Several packages bring a connector named '{name}': {places}.",
            "Uninstall all but the one you trust.",
        )
    try:
        return cast(Callable[[str], Source], claims[0].load())
    except (ImportError, AttributeError) as error:
        raise ConnectorMissing(
            f"The connector '{name}' is installed but cannot be loaded ({type(error).__name__}).",
            "Install it again, with what it needs.",
        ) from error


def open_source(location: str | Path) -> tuple[Source, str]:
    """The source that a path points to, and the name of what is in it: `visits.csv` is `visits`.

    Chosen by the suffix; raises ConnectorMissing for one that no connector is known for, SourceUnreadable where
    there is no such file.
    """
    path = Path(location)
    if path.is_symlink():
        raise SourceUnreadable(f"'{path.name}' is a symbolic link.", "Name the file that it leads to.")
    connector = _SUFFIXES.get(path.suffix.lower())
    if connector is None:
        raise ConnectorMissing(
            f"No connector is known for '{path.name}'.", f"Use a file that ends in {', '.join(_SUFFIXES)}."
        )
    source = load_connector(connector)(str(path))
    return source, source.names()[0]


def _installed() -> Mapping[str, tuple[EntryPoint, ...]]:
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = (*found.get(point.name, ()), point)
    return found
