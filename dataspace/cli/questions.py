"""`dataspace query`, `explain`, `count` and `train`: questions from a shell."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dataspace.cli.policy_odrl import Form as OdrlForm
from dataspace.cli.policy_odrl import compliance_report
from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, Permit, Purpose, example, show, show_json, worded
from dataspace.errors import InvalidRequest
from dataspace.model.training import Family, Scaling

if TYPE_CHECKING:
    from dataspace.client.answers import Answer

Sql = Annotated[str, typer.Argument(help="A question in SQL.")]
Kind = Annotated[
    str | None, typer.Option(help="rows, aggregate or noisy; left out: the question's shape decides.")
]
Epsilon = Annotated[float | None, typer.Option(help="ε of a noisy answer.")]
Error = Annotated[
    float | None, typer.Option(help="Instead of ε: half the width of the 95 % interval that you need.")
]


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    ARROW = "arrow"


Out = Annotated[Path | None, typer.Option(help="Write it there, instead of to standard output.")]
Form = Annotated[Format, typer.Option("--format", help="How the answer is written.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the groups."""
    app.command(
        epilog=example('dataspace query "SELECT count(*) AS n FROM medpar" --permit P-7 --epsilon 0.1')
    )(query)
    app.command(epilog=example('dataspace explain "SELECT * FROM medpar" --purpose advertising'))(explain)
    app.command(epilog=example('dataspace count medpar --where "type = 3" --by site --by died --permit P-7'))(
        count
    )
    app.command(
        epilog=example('dataspace train "died ~ age80 + hmo" --dataset medpar --permit P-7 --rounds 5')
    )(train)


def query(
    sql: Sql,
    permit: Permit = None,
    purpose: Purpose = "",
    kind: Kind = None,
    epsilon: Epsilon = None,
    error: Error = None,
    population: Annotated[
        str, typer.Option(help="Declare the population that is counted under this name; answers nothing.")
    ] = "",
    form: Form = Format.TABLE,
    output: Out = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Ask in SQL."""
    with reach(home, person) as hub:
        if population:
            _write(hub.declare_population(population, sql, permit, purpose), form, output)
            return
        _write(hub.sql(sql, permit, purpose, kind, epsilon, error=error), form, output)
        if hub.in_process and sql.lstrip()[:6].lower() == "create":
            typer.echo(
                "Nobody serves this hub, so what was kept ends with this command: run `dataspace hub start` first, "
                "or ask from one Python session.",
                err=True,
            )


def explain(
    sql: Sql,
    permit: Permit = None,
    purpose: Purpose = "",
    kind: Kind = None,
    epsilon: Epsilon = None,
    error: Error = None,
    report: Annotated[
        OdrlForm | None, typer.Option("--report", help="Print the reasons as a compliance report instead.")
    ] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """What would be decided about a question, and why. Reads no data. Exit 1 where it would be refused."""
    with reach(home, person) as hub:
        found = hub.explain(sql, permit, purpose, kind, epsilon, error)
        show(found if report is None else compliance_report(found.decisions, report))
        if not found.allowed:
            raise typer.Exit(1)


def count(
    dataset: Annotated[str, typer.Argument(help="A dataset that sites hold, or the hub.")],
    where: Annotated[str, typer.Option(help="A condition, such as type = 3.")] = "",
    by: Annotated[list[str] | None, typer.Option(help="A column, or site; several times.")] = None,
    permit: Permit = None,
    purpose: Purpose = "",
    form: Form = Format.TABLE,
    output: Out = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Count across the sites; each decides and suppresses for itself."""
    with reach(home, person) as hub:
        _write(hub.count(where, by or [], dataset, permit, purpose), form, output)


def train(
    formula: Annotated[str, typer.Argument(help="target ~ feature + feature")],
    dataset: Annotated[str | None, typer.Option(help="Left out: the one that the permit names.")] = None,
    permit: Permit = None,
    purpose: Purpose = "",
    rounds: Annotated[
        int, typer.Option(help="Steps of the fit; a site allows 100 unless it says otherwise.")
    ] = 5,
    minimum_sites: Annotated[int, typer.Option(help="Fewest sites that have to answer.")] = 3,
    round_seconds: Annotated[
        float | None,
        typer.Option(help="Seconds that a site is waited for in each round; left out: the hub's."),
    ] = None,
    family: Annotated[Family, typer.Option(help="Which kind of model.")] = Family.LOGISTIC,
    epsilon: Annotated[
        float | None, typer.Option(help="ε of the whole run at each site, which then adds noise.")
    ] = None,
    scaling: Annotated[Scaling, typer.Option(help="How numbers are put on one scale.")] = Scaling.NONE,
    hidden: Annotated[
        list[int] | None, typer.Option(help="Width of a hidden layer of an mlp; several times.")
    ] = None,
    depth: Annotated[int | None, typer.Option(help="Depth of each of the trees.")] = None,
    own_app: Annotated[
        str, typer.Option("--app", help="Hash of an own app that the sites approved; with --epsilon.")
    ] = "",
    blocks: Annotated[
        int | None, typer.Option(help="Blocks that an own app learns from, each by itself, at a site.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the model there, as JSON that predicts.")] = None,
    as_json: Json = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Fit a model across the sites. Ctrl-C stops the run."""
    options: dict[str, Any] = {"scaling": scaling.value, "epsilon": epsilon}
    if hidden:
        options["network"] = {"hidden": hidden}
    if depth is not None:
        options["boosting"] = {"depth": depth}
    if round_seconds is not None:
        options["round_seconds"] = round_seconds
    if own_app:
        options["app"] = own_app
    if blocks is not None:
        options["blocks"] = blocks
    with reach(home, person) as hub:
        fit = hub.glm(
            formula,
            family.value if not own_app else Family.APP.value,
            dataset,
            permit,
            purpose=purpose,
            rounds=rounds,
            minimum_sites=minimum_sites,
            progress=_progress,
            **options,
        )
        if save is not None:
            fit.model.save(save)
        if as_json:
            show_json({"run": fit.run, **fit.events[-1]["facts"]})
        else:
            show(fit)


def _progress(event: Mapping[str, Any]) -> None:
    facts = event["facts"]
    match event["kind"]:
        case "round":
            line = f"round {event['round']}: {len(facts['sites'])} sites"
            if "log_likelihood" in facts:
                line += f", log-likelihood {facts['log_likelihood']:.2f}"
        case "refused":
            line = f"{facts['site']} refused: {facts['reason']}"
        case "waiting":
            line = (
                f"round {event['round']} waits for {', '.join(facts['sites'])}, {facts['seconds']:g} s by now"
            )
        case "resumed":
            line = f"goes on after round {event['round']} ({facts['cause']})"
        case "failed":
            line = f"failed: {facts['cause']}"
        case "started":
            line = f"{event['run']} started"
        case kind:
            line = str(kind)
    print(line, file=sys.stderr)


def _write(answer: "Answer", form: Format, output: Path | None) -> None:
    if form is Format.TABLE:
        _out(f"{worded(answer)}\n".encode(), output)
        return
    for line in answer.footnotes():
        print(worded(line), file=sys.stderr)
    import io

    if form is Format.ARROW:
        _out(answer.to_stream(), output)
        return
    table = answer.to_arrow()
    sink = io.BytesIO()
    if form is Format.CSV:
        from pyarrow import csv

        csv.write_csv(table, sink)
    elif form is Format.PARQUET:
        from pyarrow import parquet

        parquet.write_table(table, sink)
    else:
        import json

        from dataspace.model.codec import to_json

        document = {"rows": table.to_pylist(), "note": to_json(answer.note)}
        sink.write(json.dumps(document, indent=1, ensure_ascii=False, default=str).encode() + b"\n")
    _out(sink.getvalue(), output)


def _out(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise InvalidRequest(
            f"'{output}' cannot be written ({error.strerror}).", "Name another file."
        ) from error
