"""`dataspace app`: pack code of one's own, look at it, try it, and offer it to the sites."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show, show_json
from dataspace.errors import InvalidRequest

if TYPE_CHECKING:
    from dataspace.model.own_apps import PackedApp

app = typer.Typer(
    help="Code of your own: pack it, look at it, try it, offer it to the sites.",
    epilog=example("dataspace app pack ward-net", "dataspace app offer ward-net-1.0.app"),
    no_args_is_help=True,
)
FEATURES = 3
Place = Annotated[Path, typer.Argument(help="Folder of the app, or its archive.")]


@app.command(epilog=example("dataspace app pack ward-net", "dataspace app pack ward-net --key lab"))
def pack(
    folder: Annotated[Path, typer.Argument(help="Folder with the app's pyproject.toml.")],
    key: Annotated[
        str, typer.Option(help="Name of the Ed25519 key to sign with, made where there is none.")
    ] = "apps",
    keys: Annotated[
        Path | None, typer.Option(help="Folder that keys/NAME.key is in; left out: ~/.dataspace.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The archive; left out: NAME-VERSION.app.")] = None,
) -> None:
    """Pack and sign an app, the same bytes on every machine; shows its hash, and what its reviewers will see first."""
    from dataspace.adapters.apps.packing import folder_files, packed
    from dataspace.adapters.apps.signing import fingerprint
    from dataspace.adapters.keys import FileSigner

    signer = FileSigner(keys or Path.home() / ".dataspace", key)
    found, archive = packed(folder_files(folder), signer)
    written = output or Path(f"{found.manifest.name}-{found.manifest.version}.app")
    _write(written, archive)
    typer.echo(f"{written} · {len(archive):,} bytes · signed by {fingerprint(found.signer)}")
    typer.echo(found.hash)
    _tell(found)


@app.command(epilog=example("dataspace app scan ward-net"))
def scan(place: Place) -> None:
    """What a site's people will be shown first: unusual imports, files, network, code that is made while it runs."""
    _tell(_read(place))


@app.command("try", epilog=example("dataspace app try ward-net --features 4 --classes 2"))
def attempt(
    place: Place,
    features: Annotated[int, typer.Option(help="Columns of the design matrix.")] = FEATURES,
    classes: Annotated[int, typer.Option(help="Values of the target.")] = 2,
) -> None:
    """Run an app here, unconfined, on made-up rows, and show what it raises, which no site does. For your own code."""
    import traceback

    from dataspace.adapters.duckdb.guest_code import made_up, run
    from dataspace.adapters.duckdb.guest_job import Job
    from dataspace.model.training import Network
    from dataspace.planning.own_apps import first_weights

    found, net = _read(place), Network()
    weights = found.manifest.weights_of(features, classes)
    given = made_up(features, classes, first_weights(weights, net.seed))
    for what in ("train", "score"):
        job = Job(
            what,
            found.manifest.uses,
            found.manifest.entry,
            weights,
            classes,
            net.steps,
            net.batch,
            net.learning_rate,
            net.seed,
        )
        try:
            told = run(job, found.files, given)
        except Exception as error:
            traceback.print_exc()
            raise InvalidRequest(
                f"The app fails at '{what}' ({type(error).__name__}).", "See above."
            ) from error
        typer.echo(f"{what}: {len(told):,} finite numbers, as declared")


@app.command(epilog=example("dataspace app offer ward-net-1.0.app"))
def offer(
    archive: Annotated[Path, typer.Argument(help="What `dataspace app pack` wrote.")],
    home: Home = None,
    person: As = "",
) -> None:
    """Put an app at the hub, where sites find it by its hash. None runs it before its people approved it."""
    with reach(home, person) as hub:
        hash = hub.offer_app(archive)
        typer.echo(f"Offered. A site's people look at it, and approve it: dataspace site approve {hash}")


@app.command("list", epilog=example("dataspace app list"))
def list_apps(as_json: Json = False, home: Home = None, person: As = "") -> None:
    """Apps that were offered at the hub."""
    with reach(home, person) as hub:
        found = hub.apps()
        if as_json:
            show_json(list(found))
        else:
            show(found)


def _read(place: Path) -> "PackedApp":
    from dataspace.adapters.apps.packing import folder_files, packed, unpacked

    if place.is_dir():
        return packed(folder_files(place))[0]
    try:
        return unpacked(place.read_bytes())
    except OSError as error:
        raise InvalidRequest(
            f"'{place}' cannot be read ({error.strerror}).", "Name a folder or an archive."
        ) from error


def _tell(found: "PackedApp") -> None:
    from dataspace.adapters.apps.scanning import scanned

    findings = scanned(found.files)
    for finding in findings:
        typer.echo(str(finding))
    if not findings:
        typer.echo("The scan found nothing out of the ordinary.")


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidRequest(
            f"'{path}' cannot be written ({error.strerror}).", "Name another file."
        ) from error
