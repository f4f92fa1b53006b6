"""`dataspace site unit, containerfile, bundle, upgrade, rollback`: how the software of a site gets there and stays."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli.words import example
from dataspace.errors import SetupError
from dataspace.settings import HUB_FILE, SiteSettings, environment, home_of

if TYPE_CHECKING:
    from dataspace.adapters.keys import FileSigner

SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]
Prefix = Annotated[
    Path | None, typer.Option(help="Where versions lie; left out: ~/.local/share/dataspace/app.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site`."""
    app.command("unit", epilog=example("dataspace site unit > dataspace-site.service"))(show_unit)
    app.command("containerfile", epilog=example("dataspace site containerfile > Containerfile"))(
        show_containerfile
    )
    app.command(epilog=example("dataspace site bundle site.tar --lock requirements.lock --home hub-home"))(
        bundle
    )
    app.command(epilog=example("dataspace site upgrade site.tar"))(upgrade)
    app.command(epilog=example("dataspace site rollback"))(rollback)


def show_unit(home: SiteHome = None) -> None:
    """Print a systemd unit for this site: no root, no inbound port, the limits that are set."""
    from dataspace.site.unit import unit

    typer.echo(unit(SiteSettings.from_environment(environment(), home)), nl=False)


def show_containerfile(home: SiteHome = None) -> None:
    """Print a container file that installs this site's software from a bundle."""
    from dataspace.site.unit import containerfile

    typer.echo(containerfile(SiteSettings.from_environment(environment(), home)), nl=False)


def bundle(
    output: Annotated[Path, typer.Argument(help="The file to write, such as site.tar.")],
    lock: Annotated[Path, typer.Option(help="Requirements with hashes, resolved for this version.")],
    wheel: Annotated[
        Path | None, typer.Option(help="The wheel of this software; left out: built of its source tree.")
    ] = None,
    train: Annotated[bool, typer.Option("--train", help="With torch and what else own models need.")] = False,
    home: Annotated[Path | None, typer.Option(help="Folder whose key signs: a hub's, or any other.")] = None,
) -> None:
    """Make a signed offline installation, on a machine that reaches a package index."""
    import base64
    import tempfile

    from dataspace.cli.files import read_text
    from dataspace.site.bundle import make_bundle
    from dataspace.site.own_wheel import build_wheel

    signer = _signer(home or home_of(environment(), "hub"))
    extras = ("site", "train") if train else ("site",)
    with tempfile.TemporaryDirectory() as scratch:
        own = wheel or build_wheel(Path(scratch))
        wheels = make_bundle(output, read_text(lock), own, signer, extras)
    key = base64.b64encode(signer.public_key()).decode()
    typer.echo(
        f"{output}: {len(wheels)} wheels, bill of materials inside, {'with' if train else 'without'} torch.\n"
        f"Signed by {key}. Unpack it at the site and run: sh install.sh"
    )


def upgrade(
    bundle: Annotated[Path, typer.Argument(help="A bundle.")],
    key: Annotated[
        str, typer.Option(help="The key that signed it, base64; left out: the hub's, as it was pinned.")
    ] = "",
    prefix: Prefix = None,
    home: SiteHome = None,
) -> None:
    """Install a bundle beside the version in use, and switch to it. Keys, ledger and data are not touched."""
    import base64

    from dataspace.adapters.signatures import signed
    from dataspace.errors import InvalidRequest
    from dataspace.site.installed import default_prefix
    from dataspace.site.installed import upgrade as do_upgrade

    try:
        trusted = (
            base64.b64decode(key, validate=True)
            if key
            else SiteSettings.from_environment(environment(), home).pinned.issuer_key
        )
    except ValueError as error:
        raise InvalidRequest("The key is not base64.", "Copy it from what `site bundle` printed.") from error
    place = prefix or default_prefix(environment())
    typer.echo(do_upgrade(bundle, place, trusted, signed, sys.executable, environment()))
    typer.echo("Restart `dataspace site run` to use it. `dataspace site rollback` goes back.")


def rollback(prefix: Prefix = None, home: SiteHome = None) -> None:
    """Go back to the version before. Keys, ledger and data are not touched: nothing that was spent comes back."""
    from dataspace.adapters.store.opening import schema_of
    from dataspace.site.installed import default_prefix
    from dataspace.site.installed import rollback as do_rollback

    settings = SiteSettings.from_environment(environment(), home)
    after = do_rollback(prefix or default_prefix(environment()), schema_of(settings.home))
    typer.echo(f"Switched to {after}. Restart `dataspace site run` to use it.")


def _signer(home: Path) -> "FileSigner":
    """The key that permits are signed with, which sites have pinned; or one for bundles alone."""
    from dataspace.adapters.keys import FileSigner

    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupError(
            f"'{home}' cannot be made ({error.strerror}).", "Name another with --home."
        ) from error
    return FileSigner(home, "issuer" if (home / HUB_FILE).exists() else "bundle")
