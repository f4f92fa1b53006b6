"""Records that try to read a file, to reach the network, or to make this machine work for nothing."""

import json
import socket
import time
from collections.abc import Iterator

import pytest

from dataspace.adapters.records.reading import LARGEST, read_graph, read_record
from dataspace.errors import InvalidRequest

DATASET = (
    "<https://e.example/d> a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> %s ."
)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Fail where anything connects."""
    reached: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: reached.append(address))
    yield reached
    assert reached == []


XXE = """<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r>&x;</r></rdf:RDF>"""


@pytest.mark.parametrize("form", ["turtle", "json-ld", "n-triples"])
@pytest.mark.parametrize(
    "text", [XXE, "\ufeff" + XXE, XXE.partition("?>")[2], DATASET % "\"<!ENTITY x SYSTEM 'f'>\""]
)
def test_an_external_entity_is_refused(text: str, form: str) -> None:
    with pytest.raises(InvalidRequest, match="XML, or declares an entity"):
        read_graph(text, form)


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "https://evil.example/context.jsonld", "@id": "https://e.example/d"},
        {"@context": [{"a": "https://e.example/a"}, "https://evil.example/c"]},
        {"@context": {"@import": "https://evil.example/c"}},
        {"@context": {"a": {"@id": "https://e.example/a", "@context": "https://evil.example/c"}}},
        {"@graph": [{"https://e.example/p": {"@context": "https://evil.example/c"}}]},
    ],
)
def test_a_context_that_lies_elsewhere_is_refused_and_not_fetched(document: object) -> None:
    with pytest.raises(InvalidRequest, match="context lies elsewhere"):
        read_graph(json.dumps(document), "json-ld")


@pytest.mark.parametrize("name", ["file:///etc/passwd", "FILE:/x", "javascript:alert(1)", "data:text/html,x"])
def test_a_name_that_points_into_a_machine_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="inside a machine"):
        read_record(DATASET % f"<{name}>", "turtle", "d")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("<https://e.example/d> a", "turtle"),
        ("\x00\x01", "turtle"),
        ("{", "json-ld"),
        ("[" * 100_000, "json-ld"),
        ('{"a":' * 50_000, "json-ld"),
        ("<a:a> <a:b> " + "(" * 20_000, "turtle"),
        (DATASET % '"a"' + " <relative> <also> <this> .", "turtle"),
        ("hello", "n-triples"),
    ],
)
def test_what_is_no_record_is_a_clear_error_and_soon(text: str, form: str) -> None:
    start = time.monotonic()
    with pytest.raises(InvalidRequest):
        read_record(text, form, "d")
    assert time.monotonic() - start < 10


def test_a_record_without_a_named_dataset_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"no named dcat:Dataset"):
        read_record("[] a <http://www.w3.org/ns/dcat#Dataset> .", "turtle", "d")


def test_a_record_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidRequest, match="larger than"):
        read_graph("#" * (LARGEST + 1), "turtle")


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(InvalidRequest) as raised:
        read_graph('<https://e.example/d> a "secret" "secret"', "turtle")
    assert "secret" not in str(raised.value)
