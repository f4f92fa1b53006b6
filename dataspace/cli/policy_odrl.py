"""`dataspace policy evaluate`, `compare`, `export` and `import`: policies as ODRL, in Turtle or JSON-LD."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from dataspace.cli.files import read_text
from dataspace.cli.words import Json, example, show_json
from dataspace.errors import InvalidRequest
from dataspace.model.decisions import Decision
from dataspace.model.names import DatasetName, dataset_name
from dataspace.model.odrl_reports import PolicyReport, RuleReport


class Form(StrEnum):
    """How RDF is written."""

    TURTLE = "turtle"
    JSONLD = "jsonld"


FormOption = Annotated[Form, typer.Option("--format", help="How RDF is printed.")]
Odrl = Annotated[Path, typer.Argument(help="An ODRL document in Turtle or JSON-LD.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(epilog=example("dataspace policy evaluate --policy p.ttl --request r.ttl --world w.ttl"))(
        evaluate
    )
    app.command(epilog=example("dataspace policy compare offer.ttl request.ttl"))(compare)
    app.command(epilog=example("dataspace policy export policies/hospital.yaml --format jsonld"))(export)
    app.command("import", epilog=example("dataspace policy import offer.ttl --json"))(import_odrl)


def compliance_report(decisions: Mapping[str, Decision], form: Form) -> str:
    """Decisions of this hub in the vocabulary of compliance reports."""
    from dataspace.adapters.clock import UtcClock
    from dataspace.adapters.odrl_decisions import decision_statements
    from dataspace.adapters.odrl_graph import write

    return write(decision_statements(decisions, UtcClock().now()), form.value)


def evaluate(
    policy: Annotated[Path, typer.Option(help="An ODRL policy in Turtle or JSON-LD.")],
    request: Annotated[Path, typer.Option(help="An ODRL Request.")],
    world: Annotated[Path, typer.Option(help="The state of the world.")],
    as_json: Json = False,
    form: FormOption = Form.TURTLE,
) -> None:
    """Evaluate a request in a known world, and print the compliance report. What is not stated is not so."""
    from dataspace.adapters.odrl_graph import read_file, write
    from dataspace.adapters.odrl_read import read_odrl
    from dataspace.adapters.odrl_report import report_statements
    from dataspace.adapters.odrl_world import read_request, read_world
    from dataspace.policy.odrl.evaluate import evaluate as evaluated

    document = read_odrl(read_file(policy), policy.name, "p")
    known = read_world(read_file(world), world.name)
    asked = read_request(read_file(request), request.name)
    reports = tuple(report for one in asked for report in evaluated(document, one, known))
    if not as_json:
        typer.echo(write(report_statements(reports), form.value), nl=False)
        return
    shown = [_shown(report) for report in reports]
    first = next(
        (one for one in shown if one["decision"] == "deny" and one["activation_state"] == "Active"), None
    )
    show_json({**(first or next((o for o in shown if o["decision"] == "allow"), shown[0])), "reports": shown})


def compare(
    first: Odrl,
    second: Annotated[
        Path | None, typer.Argument(help="Another one; left out: the rules of the first.")
    ] = None,
    knowledge: Annotated[
        list[Path] | None, typer.Option(help="Hierarchies and disjoint terms, in Turtle; several times.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Whether rules can both be kept: Conflict, Compatible, or Unknown, with the values that show it."""
    from dataspace.adapters.odrl_graph import read_file
    from dataspace.adapters.odrl_policies import read_knowledge
    from dataspace.adapters.odrl_read import read_odrl
    from dataspace.policy.odrl.compare import compare as compared
    from dataspace.policy.odrl.compare import overall

    one = read_odrl(read_file(first), first.name, "a")
    other = read_odrl(read_file(second), second.name, "b") if second else None
    found = compared(one, other, read_knowledge({str(file): read_file(file) for file in knowledge or []}))
    verdict = overall(found)
    if as_json:
        show_json(
            {
                "verdict": verdict.verdict.value,
                "axis": verdict.axis,
                "witness": dict(verdict.witness),
                "rules": [rule for rule in (verdict.first, verdict.second) if rule],
                "sentence": verdict.sentence,
                "findings": [
                    {
                        "verdict": f.verdict.value,
                        "axis": f.axis,
                        "rules": [r for r in (f.first, f.second) if r],
                    }
                    for f in found
                ],
            }
        )
        return
    typer.echo(verdict.verdict.value)
    typer.echo(verdict.sentence)
    for name, value in verdict.witness.items():
        typer.echo(f"  {name}: {value}")


def export(
    policy: Annotated[Path, typer.Argument(help="A policy in YAML.")], form: FormOption = Form.TURTLE
) -> None:
    """Print a policy as ODRL. Imported and not edited since, the document beside it is given back whole."""
    from dataspace.adapters.duckdb.reader import DuckdbReader
    from dataspace.adapters.odrl_graph import read_file
    from dataspace.adapters.odrl_policies import came_with, export_policy
    from dataspace.adapters.policy_yaml import parse_policy

    text = read_text(policy)
    with DuckdbReader() as reader:
        noun = parse_policy(text, policy.name, reader.predicate)
    beside = policy.with_name(f"{policy.stem}.odrl.ttl")
    kept = read_file(beside) if beside.is_file() else ""
    if kept and not came_with(kept, text):
        typer.echo(
            f"warning: {policy.name} is not as it was imported: what it says now is exported, not {beside.name},"
            " which may say more.",
            err=True,
        )
        kept = ""
    typer.echo(export_policy(noun, form.value, kept), nl=False)


def _shown(report: PolicyReport) -> dict[str, Any]:
    deciding = report.deciding
    return {
        "policy": report.policy,
        "request": report.request,
        "rule_kind": deciding.kind.value if deciding else "",
        "activation_state": deciding.activation.value if deciding else "Inactive",
        "decision": "allow" if report.allowed else "deny",
        "rules": [_rule(rule) for rule in report.rules],
    }


def _rule(rule: RuleReport) -> dict[str, Any]:
    return {
        "rule": rule.rule,
        "rule_kind": rule.kind.value,
        "activation_state": rule.activation.value,
        "premises": [
            {"premise": one.premise.value, "satisfied": one.satisfied, "about": one.about}
            for one in rule.premises
        ],
        "duties": [{"rule": duty.rule, "deontic_state": duty.deontic.value} for duty in rule.duties],
    }


def _names(given: list[str]) -> dict[str, DatasetName]:
    found = {}
    for pair in given:
        iri, _, name = pair.rpartition("=")
        try:
            if not iri:
                raise ValueError(pair)
            found[iri] = dataset_name(name)
        except ValueError as error:
            raise InvalidRequest("--dataset is written IRI=name.", "The name is a dataset's.") from error
    return found


def import_odrl(
    file: Odrl,
    dataset: Annotated[
        list[str] | None, typer.Option(help="IRI=name: which dataset a target is; several times.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write the YAML here, the document beside it.")] = None,
    as_json: Json = False,
) -> None:
    """Read an ODRL policy as one of ours, never more open: what cannot be enforced in full is told and inert."""
    from dataspace.adapters.duckdb.reader import DuckdbReader
    from dataspace.adapters.odrl_graph import read_file
    from dataspace.adapters.odrl_policies import beside, export_policy, import_policy, is_ours
    from dataspace.adapters.policy_yaml_write import write_policy
    from dataspace.model.codec import to_json

    text = read_file(file)
    found = import_policy(text, file.name, _names(dataset or []))
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if as_json:
        show_json({"policy": to_json(found.policy), "warnings": list(found.warnings)})
        return
    with DuckdbReader() as reader:
        written = write_policy(found.policy, reader.predicate)
    if output is None:
        typer.echo(written, nl=False)
        return
    output.write_text(written, "utf-8")
    if not is_ours(text, file.name):
        output.with_name(f"{output.stem}.odrl.ttl").write_text(
            beside(export_policy(found.policy, "turtle", text), written), "utf-8"
        )
    typer.echo(f"Wrote {output.name}. It is not in force: `dataspace policy publish {output.name}`.")
