"""The report is one file that asks nothing of any network, runs nothing, and is there whole or not at all."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dataspace.cli.demo.report import render, write_report
from dataspace.errors import SetupError
from tests.cli.demo.made_walk import TRAINED, WALK

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Tags with their attributes, the texts, and whether everything that was opened was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def text() -> str:
    return render(WALK)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_every_tag_is_closed(text: str, page: Page) -> None:
    assert text.startswith("<!doctype html>")
    assert page.open == []


def test_nothing_is_loaded_and_nothing_runs(page: Page) -> None:
    assert {"script", "link", "img", "iframe", "object", "form"}.isdisjoint(tag for tag, _ in page.tags)
    for _, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("style", "src")}
        assert (attributes.get("href") or "#").startswith("#")


def test_the_policy_allows_this_very_style_sheet_and_nothing_else(text: str, page: Page) -> None:
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "url(" not in style[0] and "@import" not in style[0]


def test_what_sites_and_people_wrote_is_text_and_never_markup(text: str, page: Page) -> None:
    assert "<training>" not in text and "</pre><script>" not in text
    assert any("it forbids <training>" in words for words in page.texts)


def test_pictures_have_words_for_those_who_do_not_see_them(page: Page) -> None:
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    names = {attributes.get("id") for _, attributes in page.tags}
    assert len(pictures) == 2
    for attributes in pictures:
        assert attributes["role"] == "img"
        assert set((attributes["aria-labelledby"] or "").split()) <= names
    assert any("hospital-b from 0.51 to 0.61" in words for words in page.texts)


def test_all_ten_steps_the_table_and_the_receipt_are_there(page: Page) -> None:
    assert [a["id"] for tag, a in page.tags if tag == "li"] == [f"step-{n}" for n in range(1, 11)]
    words = " ".join(page.texts)
    for expected in (
        "hospital-d (did not take part)",
        "0.610",
        '"index": 17',
        "SYNTHETIC",
        "2.2e-16",
        "1.12–5.39",
    ):
        assert expected in words


def test_a_suppressed_cell_is_a_star_that_says_so(text: str) -> None:
    assert '<abbr title="suppressed">*</abbr>' in text


def test_a_site_that_keeps_its_auc_to_itself_has_no_line(text: str) -> None:
    rounds = tuple(replace(one, auc={"hospital-a": 0.6}) for one in TRAINED.rounds)
    quiet = replace(WALK.steps[7], facts=replace(TRAINED, rounds=rounds))
    found = render(replace(WALK, steps=(*WALK.steps[:7], quiet, *WALK.steps[8:])))
    assert text.count("<polyline") == 3
    assert found.count("<polyline") == 1


def test_a_folder_that_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="--output"):
        write_report(WALK, tmp_path / "file")
    folder = tmp_path / "out"
    (folder / "report.html").mkdir(parents=True)  # so that the last step, the rename, fails
    with pytest.raises(SetupError, match="could not be written"):
        write_report(WALK, folder)
    assert [path.name for path in folder.iterdir()] == ["report.html"]


def test_an_earlier_report_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    assert write_report(WALK, tmp_path) == tmp_path / "report.html"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(WALK)
