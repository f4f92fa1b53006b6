"""The permit office from a notebook: apply, review, look into the inbox, print, end."""

from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

import pytest

from dataspace.client.papers import paper
from dataspace.client.permitting import as_json
from dataspace.client.views import ApplicationView, PermitView
from dataspace.model.permits import ApplicationState, Basis, SignedPermit, Step
from dataspace.testing.examples import AT, example_application, example_permit

SIGNED = SignedPermit(replace(example_permit(), title="A <b>bold</b> \x1b[31mtitle"), "jws")


def test_the_paper_names_everything_that_is_signed_and_the_document_that_holds() -> None:
    text = paper(SIGNED)
    for words in ("P-1", "ana, ben@example.org", "Contract", "not an EHDS permit", "died, type", "24-113"):
        assert words in text
    assert "\x1b" not in text
    assert "SHA-256" in text


def test_the_page_is_whole_in_itself_and_shows_no_markup_of_others() -> None:
    found: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(tag)
            assert not {name for name, _ in attrs} & {"src", "href", "onload", "onclick"}

    Tags().feed(paper(SIGNED, html=True))
    assert not set(found) & {"b", "script", "link", "img"}


def test_what_no_longer_holds_says_so_on_paper() -> None:
    gone = SignedPermit(replace(SIGNED.permit, revoked=AT, basis=Basis.EHDS), "jws")
    assert "NOT IN FORCE" in paper(gone)
    assert "2025/327" in paper(gone)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ApplicationState.SUBMITTED, "completeness check due 29 Nov"),
        (ApplicationState.REVIEW, "decision due 29 Nov"),
        (ApplicationState.GRANTED, "granted"),
    ],
)
def test_an_application_says_what_is_due(state: ApplicationState, words: str) -> None:
    view = ApplicationView(replace(example_application(), state=state, steps=(Step(AT, None, "grant"),)))
    assert words in repr(view)
    assert view.status == state.value
    assert view.steps == ("2026-11-22 10:30 the call: grant",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"suspended": AT}, "SUSPENDED"),
        ({"revoked": AT}, "REVOKED"),
        ({"closed": AT}, "closed"),
        ({}, "to 2027"),
    ],
)
def test_a_permit_says_where_it_stands(change: dict[str, datetime], words: str) -> None:
    assert words in repr(PermitView(replace(example_permit(), **change), ""))  # type: ignore[arg-type]


def test_parts_of_an_application_become_json() -> None:
    said = {"columns": {"stays": {"los", "died"}}, "safeguards": ("a",), "draft": True}
    assert as_json(said) == {"columns": {"stays": ["died", "los"]}, "safeguards": ["a"], "draft": True}
