"""What has a name for people has a place in the reference: absence fails, and so does what is no longer there."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

import pytest
import typer

import dataspace
from dataspace import errors, ports
from dataspace.adapters import policy_conditions, policy_limits, policy_yaml, scenario_yaml
from dataspace.adapters.connectors import GROUP
from dataspace.adapters.duckdb import allowed
from dataspace.adapters.packaged_policies import policy_names
from dataspace.bootstrap import build_hub
from dataspace.cli.main import app
from dataspace.client.answers import Answer
from dataspace.client.fits import Fit
from dataspace.client.hub import Hub
from dataspace.client.proofs import LogView
from dataspace.client.runs import Runs
from dataspace.http.app import create_app
from dataspace.model.answers import AnswerNote
from dataspace.model.datasets import ColumnType, Label
from dataspace.model.limits import SiteLimits
from dataspace.model.policies import Action, AnswerKind, MaskKind
from dataspace.model.principals import Role
from dataspace.settings import ClientSettings, HubSettings, Pinned, SiteSettings
from dataspace.vocabulary.terms import TERMS, words

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text()


def missing(names: Any, text: str) -> list[str]:
    """Names that do not stand in the text as code, alone or at the start of a longer piece of code."""
    spans = re.findall(r"``? ?(.+?) ?``?(?!`)", text)
    known = set(spans) | {re.split(r"[( ]", span)[0] for span in spans}
    return sorted(str(name) for name in names if str(name) not in known)


def public(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}


def commands(group: Any, path: tuple[str, ...] = ("dataspace",)) -> Iterator[str]:
    for name, command in getattr(group, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name))


def test_every_error_code_has_a_heading_and_no_heading_is_of_another() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    codes = {kind.code for kind in kinds if issubclass(kind, errors.DataspaceError)}
    assert set(re.findall(r"^## `(.+)`$", page("errors"), re.MULTILINE)) == codes


def test_every_setting_is_documented() -> None:
    kinds = (HubSettings, SiteSettings, SiteLimits, Pinned, ClientSettings)
    assert missing({field.name for kind in kinds for field in fields(kind)}, page("settings")) == []


def test_every_variable_of_the_environment_is_documented_and_no_other() -> None:
    read = {
        name
        for path in ROOT.glob("dataspace/**/*.py")
        for name in re.findall(r"\bDATASPACE_[A-Z_]+\b", path.read_text())
    }
    documented = set(re.findall(r"`(DATASPACE_[A-Z_]+)`", page("settings")))
    assert documented == read


def test_every_port_is_documented_and_no_other() -> None:
    found = {
        name for name, kind in vars(ports).items() if inspect.isclass(kind) and Protocol in kind.__bases__
    }
    assert set(re.findall(r"^\| `(\w+)` \|", page("ports"), re.MULTILINE)) == found


def test_where_a_port_is_implemented_exists() -> None:
    places = re.findall(r"`((?:adapters|site)/[\w/.]+)`", page("ports"))
    assert places
    assert [place for place in places if not (ROOT / "dataspace" / place).is_file()] == []


def test_every_connector_has_a_heading() -> None:
    installed = {point.name for point in entry_points(group=GROUP) if point.value.startswith("dataspace_")}
    headings = "".join(re.findall(r"^## `.*$", page("connectors"), re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", headings)) == installed


@pytest.mark.parametrize(
    "words_of",
    [
        policy_yaml._POLICY_KEYS,
        policy_yaml._RULE_KEYS,
        policy_limits._KEYS,
        policy_conditions._OPERANDS,
        policy_conditions._OPERATORS,
        scenario_yaml._FILE_KEYS,
        scenario_yaml._SCENARIO_KEYS,
        scenario_yaml._PERMIT_KEYS,
        scenario_yaml._ASK_KEYS,
        [*Label, *AnswerKind, *Action, *MaskKind, *Role],
    ],
    ids=["policy", "rule", "limits", "facts", "comparisons", "file", "scenario", "permit", "ask", "closed lists"],
)  # fmt: skip
def test_every_word_of_a_policy_is_documented(words_of: Any) -> None:
    assert missing(words_of, page("policies")) == []


def test_the_connectives_of_conditions_are_documented() -> None:
    assert [word for word in policy_conditions._CONNECTIVES if f"`{word}:`" not in page("policies")] == []


def test_every_purpose_and_legal_basis_is_documented() -> None:
    text = page("purposes")
    assert missing(TERMS, text) == []
    articles = re.compile(r"Art(icle|\.) [69]\([12]\)\([a-j]\)")
    assert [word for word in words() if not articles.match(word) and f"| {word} |" not in text] == []


def test_types_of_a_dictionary_and_shipped_policies_are_named() -> None:
    how_to = ROOT / "docs" / "how-to"
    dictionary = (how_to / "register-a-dataset.md").read_text()
    assert [kind for kind in ColumnType if kind not in dictionary and kind is not ColumnType.OTHER] == []
    assert missing(policy_names(), (how_to / "write-a-policy.md").read_text()) == []


def test_every_function_and_type_of_rows_sql_is_documented() -> None:
    assert missing(allowed.FUNCTIONS | allowed.TYPES, page("sql")) == []


def test_every_path_is_documented_and_no_other(world: Path) -> None:
    services = build_hub(HubSettings(world / "hub-home"))
    try:
        described = create_app(services).openapi()["paths"]
    finally:
        services.close()
    served = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert set(re.findall(r"^\| `([A-Z]+ /.*?)` \|", page("http"), re.MULTILINE)) == served


def test_every_public_name_is_documented() -> None:
    text = page("python")
    assert missing([f"dataspace.{name}" for name in dataspace.__all__], text) == []
    assert missing(public(Hub) - {"log", "runs"}, text) == []
    assert missing(public(Answer) | public(Fit), text) == []
    assert missing([f"hub.log.{name}" for name in public(LogView)], text) == []
    assert missing([f"hub.runs.{name}" for name in public(Runs)], text) == []
    assert missing([field.name for field in fields(AnswerNote)], text) == []


def test_every_command_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `(dataspace [a-z -]+)` \|", page("command-line"), re.MULTILINE)
    assert set(documented) == set(commands(typer.main.get_command(app)))


def test_a_name_that_is_not_there_is_noticed() -> None:
    assert missing(["there", "not-there"], "so `there(x)` and not") == ["not-there"]
