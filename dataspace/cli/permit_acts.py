"""`dataspace permit`, the rest: what is done to applications under review, and to permits in force."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.permits import Id
from dataspace.cli.permits import app as app
from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, example, show

Text = Annotated[str, typer.Option(help="What is to be read with it.")]
Revision = Annotated[
    int | None, typer.Option(help="The revision that you have read; a later one is refused.")
]
Reason = Annotated[str, typer.Option(help="For the record.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day.")]

_ACTS = {
    "submit": "Submit a draft, or one that was sent back.",
    "withdraw": "Withdraw an application of yours.",
    "complete": "Say that an application is complete: its review begins.",
    "send-back": "Send an incomplete application back, and say what is missing.",
    "ask": "Ask the applicant; the deadline stands still until the answer.",
    "answer": "Answer a reviewer's question.",
    "support": "Review: be in favour.",
    "oppose": "Review: be against, and say why.",
    "prolong": "Prolong the decision on an EHDS application by three months, once.",
    "comment": "Say something; it changes nothing.",
}


def _add(act: str, sentence: str) -> None:
    def command(
        id: Id, text: Text = "", revision: Revision = None, home: Home = None, person: As = ""
    ) -> None:
        with reach(home, person) as hub:
            show(hub.act(id, act, text, revision))

    command.__doc__ = sentence
    app.command(act, epilog=example(f'dataspace permit {act} A-7 --text "…"'))(command)


for _act, _sentence in _ACTS.items():
    _add(_act, _sentence)


def last_moment(day: datetime) -> datetime:
    """The end of a day, in UTC."""
    return day.replace(hour=23, minute=59, second=59, tzinfo=UTC)


@app.command(epilog=example('dataspace permit suspend P-7 --reason "An incident is looked into."'))
def suspend(id: Id, reason: Reason = "", home: Home = None, person: As = "") -> None:
    """Let a permit rest, as fast as a revocation."""
    with reach(home, person) as hub:
        show(hub.suspend(id, reason))


@app.command(epilog=example('dataspace permit resume P-7 --reason "The incident is closed."'))
def resume(id: Id, reason: Reason = "", home: Home = None, person: As = "") -> None:
    """End a suspension."""
    with reach(home, person) as hub:
        show(hub.resume(id, reason))


@app.command(epilog=example("dataspace permit extend P-7 --until 2028-11-22"))
def extend(id: Id, until: Day, reason: Reason = "", home: Home = None, person: As = "") -> None:
    """A later last day, once; sites countersign the new document."""
    with reach(home, person) as hub:
        show(hub.extend(id, last_moment(until), reason))


@app.command(epilog=example("dataspace permit amend P-7 --cohort 20 --without provnum"))
def amend(
    id: Id,
    cohort: Annotated[int | None, typer.Option(help="Fewest units of a cell.")] = None,
    epsilon: Annotated[float | None, typer.Option(help="ε over the whole permit.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A column to withhold; several times.")] = None,
    reason: Reason = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Tighten the conditions of a permit; sites countersign the new document."""
    said = {"cohort": cohort, "epsilon_total": epsilon, "withheld": frozenset(without or ()) or None}
    with reach(home, person) as hub:
        show(hub.amend(id, reason, **{name: value for name, value in said.items() if value is not None}))


@app.command(epilog=example("dataspace permit close P-7 --results https://doi.org/… --deleted"))
def close(
    id: Id,
    results: Annotated[str, typer.Option(help="Where the results are, or why there are none.")],
    deleted: Annotated[
        bool, typer.Option("--deleted", help="I attest that what we held is deleted.")
    ] = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Close a permit of yours: results reported, deletion attested."""
    with reach(home, person) as hub:
        show(hub.close_permit(id, results, deleted))


@app.command("print", epilog=example("dataspace permit print P-7 --html P-7.html"))
def print_permit(
    id: Id,
    html: Annotated[Path | None, typer.Option(help="Write a page that prints; left out: text.")] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """The document that people sign on paper."""
    with reach(home, person) as hub:
        if html is None:
            typer.echo(hub.paper(id), nl=False)
        else:
            html.write_text(hub.paper(id, html=True))
            typer.echo(f"{id} is in {html}.")
