"""The one door for connectors: entry points of the group `dataspace.connectors`, loaded by name when asked for."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from dataspace.adapters.roots import check_place
from dataspace.connector import PlaceConnector, Source
from dataspace.errors import ConnectorMissing, SourceUnreadable, UnknownName

GROUP = "dataspace.connectors"


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

    The connector is the one named like the suffix; raises ConnectorMissing for one that none is named like or that
    reads places instead of files, SourceUnreadable where there is no such file.
    """
    path = Path(location)
    if path.is_symlink():
        raise SourceUnreadable(f"'{path.name}' is a symbolic link.", "Name the file that it leads to.")
    name = path.suffix.lower().removeprefix(".")
    connector = load_connector(name) if name in _installed() else None
    # A file that names a database would let whoever hands it over choose whom this machine talks to.
    if connector is None or _schemes(connector):
        raise ConnectorMissing(
            f"No connector is known for '{path.name}'.",
            "Use a file that ends in .csv, .parquet, or install the connector of that name.",
        )
    source = connector(str(path))
    return source, source.names()[0]


def open_place(
    address: str, secret: str, item: str, roots: Sequence[str] = (), at_the_machine: bool = False
) -> tuple[Source, str]:
    """The source at an address, and the name of what is in it, with the connector named like the address's scheme.

    Raises InvalidRequest for an address that holds a password or lies outside `roots`, ConnectorMissing for a scheme
    that no connector is named like, UnknownName where there is no such item.
    """
    check_place(address, roots, at_the_machine)
    scheme = urlsplit(address).scheme
    connector = load_connector(scheme) if scheme in _installed() else None
    if connector is None or scheme not in _schemes(connector):
        raise ConnectorMissing(
            f"No connector is known for '{scheme}:'.",
            "Install the package that brings it; postgresql, s3 and file come with this one.",
        )
    place: PlaceConnector = cast(PlaceConnector, connector)
    source = place.at(address, secret, item)
    names = source.names()
    if not item and len(names) == 1:
        return source, names[0]
    if item.removeprefix("public.") not in names:
        raise UnknownName("source", item or "(none named)", names, "Say which with --item.")
    return source, item.removeprefix("public.")


def _schemes(connector: object) -> tuple[str, ...]:
    """The addresses that a connector reads from; empty for one of files."""
    return tuple(getattr(connector, "schemes", ()))


def _installed() -> Mapping[str, tuple[EntryPoint, ...]]:
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = (*found.get(point.name, ()), point)
    return found
