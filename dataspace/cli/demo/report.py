"""`report.html`: the whole walk on one page that asks nothing of any network and runs no script."""

import base64
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dataspace.cli.demo.drawing import auc_by_round, odds_ratios
from dataspace.cli.demo.facts import Registered, Trained, Walk
from dataspace.cli.demo.summary import summary
from dataspace.cli.demo.words import auc_grid, blocks, count, odds_grid
from dataspace.errors import SetupError

REPORT = "report.html"

T = TypeVar("T")


def check_folder(folder: Path) -> None:
    """Raise SetupError where the report could not be written, before a minute was spent on it. Leaves nothing."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        if made:
            folder.rmdir()
    except OSError as error:
        raise _unwritable(folder, error) from error


def write_report(walk: Walk, folder: Path) -> Path:
    """Write the report, whole or not at all; raises SetupError where the folder cannot be written."""
    page, draft = render(walk), None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".report-", dir=folder)
        draft = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(page)
            stream.flush()
            os.fsync(stream.fileno())
        draft.chmod(0o644)
        return draft.replace(folder / REPORT)
    except OSError as error:
        if draft is not None:
            draft.unlink(missing_ok=True)
        raise _unwritable(folder, error) from error


def render(walk: Walk) -> str:
    """The page. The policy in its head allows this very style sheet and nothing else."""
    environment = Environment(
        loader=PackageLoader("dataspace.cli.demo", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("report.css.j2").render()
    trained = _facts(walk, Trained)
    ratios = [(c.term, c.odds_ratio, c.low, c.high) for c in trained.coefficients if c.term != "(intercept)"]
    steps = [
        {
            "number": step.number,
            "title": step.title,
            "explanation": step.explanation,
            "seconds": step.seconds,
            "blocks": blocks(step.facts),
        }
        for step in walk.steps
    ]
    page = environment.get_template("report.html.j2").render(
        walk=walk,
        style=Markup(style),  # noqa: S704 - our own file, and escaping would change its hash
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        summary=summary(walk),
        steps=steps,
        trained=trained,
        registered=_facts(walk, Registered),
        auc=auc_grid(trained),
        coefficients=odds_grid(trained),
        rounds=auc_by_round(_series(trained)),
        odds=odds_ratios(ratios),
        receipts={name: _pretty(document) for name, document in walk.receipts.items()},
        count=count,
    )
    return page.lstrip()


def _unwritable(folder: Path, error: OSError) -> SetupError:
    return SetupError(
        f"The report could not be written to {folder} ({os.strerror(error.errno or 0)}).",
        "Free space there, or name another folder with --output.",
    )


def _series(trained: Trained) -> dict[str, list[float]]:
    """By site; only sites that let an AUC out in every round, so that all lines begin at the start."""
    everywhere = [site for site in trained.sites if all(site in one.auc for one in trained.rounds)]
    return {site: [one.auc[site] for one in trained.rounds] for site in everywhere}


def _facts(walk: Walk, kind: type[T]) -> T:
    return next(step.facts for step in walk.steps if isinstance(step.facts, kind))


def _pretty(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)
