"""The rules of the house that a program can see: names, sizes, docstrings, links, and nothing of one machine."""

import ast
import configparser
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {".git", ".venv", ".venv.old", ".venv-peers", ".cache", "site", "demo-output", "build", "dist"}
LONGEST_MODULE = 400


def project_files() -> list[Path]:
    """Every file that belongs to the project: what git would take, or all but what is generated."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
            "\0"
        )
        found = [ROOT / name for name in names if name]
    except (OSError, subprocess.CalledProcessError):  # a source archive has no git
        found = [path for path in ROOT.rglob("*") if not SKIPPED & {*path.relative_to(ROOT).parts[:1]}]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


FILES = project_files()
PACKAGES = ("dataspace", "connectors", "policies", "benchmarks", "tools")
MODULES = [path for path in FILES if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES]
PAGES = [path for path in FILES if path.suffix == ".md"]


def relative(path: Path) -> str:
    """How a test names a file."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_a_module_opens_with_a_sentence(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text())) or ""
    assert len(docstring.split()) >= 4, f"{relative(module)}: say in one sentence what it is for"


def test_a_module_stays_small_enough_to_be_read() -> None:
    long = {relative(m): n for m in MODULES if (n := len(m.read_text().splitlines())) > LONGEST_MODULE}
    docstrings = {name: ast.get_docstring(ast.parse((ROOT / name).read_text())) or "" for name in long}
    unexplained = [name for name, docstring in docstrings.items() if "Long, because" not in docstring]
    assert not unexplained, f"over {LONGEST_MODULE} lines and its docstring does not say why: {unexplained}"


def test_a_file_name_promises_contents() -> None:
    empty = {"utils", "util", "common", "helpers", "core", "base", "misc", "manager", "handler"}
    assert not [relative(module) for module in MODULES if module.stem in empty or module.parent.name in empty]


def test_the_inside_does_not_import_from_the_front_door() -> None:
    wrong = [
        f"{relative(module)}:{node.lineno}"
        for module in MODULES
        if module.relative_to(ROOT).parts[0] in {"dataspace", "connectors"}
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "dataspace"
    ]
    assert not wrong, "import from the defining module, not from `dataspace`"


def test_every_connector_stands_under_the_contracts() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    there = {path.parent.name for path in (ROOT / "connectors").glob("*/__init__.py")}
    assert there <= set(contracts["importlinter"]["root_packages"].split())
    assert there == set(contracts["importlinter:contract:connectors"]["modules"].split())


# Put together here, so that this file does not hold them itself.
OF_ONE_MACHINE = re.compile(
    "|".join(
        [
            r"(?<![\w.~-])/(?:"
            + "|".join(["ro" + "ot", "wo" + "rk", "fa" + "rm", "ho" + "me", "Us" + "ers"])
            + r")/",
            re.escape(str(ROOT) + "/"),
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
        ]
    )
)


def test_no_file_holds_a_path_of_one_machine_or_a_package_registry() -> None:
    found = {
        f"{relative(path)}:{number}": match.group()
        for path in FILES
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if (match := OF_ONE_MACHINE.search(line))
    }
    assert not found


def links(page: Path) -> Iterator[str]:
    """The targets of a page's links and images, without those in code."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    yield from re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", text)


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings give, as GitHub and MkDocs form them."""
    headings = re.findall(r"^#+\s+(.*?)\s*#*$", page.read_text(), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading)).strip().lower().replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), f"{relative(page)} links to {target}, which is not there"
        if anchor and place.suffix == ".md":
            assert anchor in anchors(place), (
                f"{relative(page)} links to {target}; that page has no such heading"
            )


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs/adr"
    index = (folder / "index.md").read_text()
    assert not [adr.name for adr in folder.glob("0*.md") if f"({adr.name})" not in index]


def test_every_error_code_has_a_paragraph() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    codes = re.findall(
        r'^    code = "([^"]+)"', (ROOT / "dataspace/errors.py").read_text(), flags=re.MULTILINE
    )
    assert codes
    assert not [code for code in codes if f"\n## `{code}`\n" not in page]
