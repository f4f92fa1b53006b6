"""Every Python example of the README and of the documentation runs, in the order in which it stands on its page."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sybil.document import Document
from sybil.parsers.markdown import PythonCodeBlockParser

from dataspace.client.hub import Hub

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
STAYS = Path(".cache") / "medpar.csv"
"""The real stays, which `make setup` fetches; the README asks them."""
WITH_EXAMPLES = [page for page in PAGES if "```python" in page.read_text()]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run(page: Path, world: Path, across_sites: Callable[[], Any]) -> None:
    if str(STAYS) in page.read_text():
        _with_real_stays(world)
    document = Document.parse(str(page), PythonCodeBlockParser())
    document.namespace["across_sites"] = across_sites
    try:
        for example in document.examples():
            example.evaluate()
    finally:
        for value in list(document.namespace.values()):
            if isinstance(value, Hub):
                value.close()


def _with_real_stays(world: Path) -> None:
    if not (ROOT / STAYS).exists():
        pytest.skip("`make setup` has not fetched the hospital stays")
    (world / STAYS).parent.mkdir()
    shutil.copy(ROOT / STAYS, world / STAYS)


def test_there_are_examples_for_each_kind_of_reader() -> None:
    found = {page.stem for page in WITH_EXAMPLES}
    assert {
        "index",
        "register-a-dataset",
        "write-a-policy",
        "grant-a-permit",
        "ask",
        "ask-across-sites",
    } <= found


def test_an_example_that_does_not_hold_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nassert 1 == 2\n```\n")
    with pytest.raises(AssertionError):
        for example in Document.parse(str(page), PythonCodeBlockParser()).examples():
            example.evaluate()
