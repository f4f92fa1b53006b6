"""Records out of pages of RDF, hostile ones too."""

import pytest

from dataspace.adapters.rdf_records import read_records
from dataspace.errors import SourceUnreadable
from dataspace.ports import Fetched

URL = "https://peer.example/catalog"
PREFIXES = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"
RECORD = """
<#a> a dcat:Dataset ; dct:title "Titel"@de, "Title"@en-GB ; dct:spatial <http://geo/BEL> ;
  dct:accessRights <http://publications.europa.eu/resource/authority/access-right/PUBLIC> ;
  dct:temporal [ dcat:startDate "2019-05-01" ; dcat:endDate "2021-01-01" ] ;
  dcat:distribution <#form> ; dct:relation <#b> .
<#form> a dcat:Distribution ; dct:license <http://licence> ; dct:format <http://file-type/CSV> .
<#b> a dcat:Dataset ; dct:title "Other" .
"""


def page(content: str, media: str = "text/turtle; charset=utf-8") -> Fetched:
    return Fetched(content.encode(), media, "", URL)


def test_a_record_has_its_own_triples_and_those_that_hang_on_it_alone() -> None:
    records, following = read_records(page(PREFIXES + RECORD), URL)
    first, second = sorted(records, key=lambda record: record.entry.iri)
    assert first.entry.title == "Title"
    assert first.entry.licence == "http://licence"
    assert first.entry.facets["temporal"] == ("2019", "2020", "2021")
    assert (first.entry.facets["format"], first.entry.facets["access"]) == (("CSV",), ("PUBLIC",))
    assert "startDate" in first.triples and "file-type/CSV" in first.triples
    assert '"Other"' not in first.triples and '"Other"' in second.triples
    assert following == ""


def test_the_digest_does_not_depend_on_the_names_of_blank_nodes() -> None:
    digests = {
        record.digest
        for _ in range(2)
        for record in read_records(page(PREFIXES + RECORD), URL)[0]
        if record.entry.title == "Title"
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("media", "content"),
    [
        (
            "application/ld+json",
            '{"@context": "https://evil.example/context", "@id": "http://a", "@type": "x"}',
        ),
        ("application/ld+json", '{"@context": {"@import": "https://evil.example/c"}, "@id": "http://a"}'),
        ("application/rdf+xml", '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>'),
        ("application/rdf+xml", "<!DOCTYPE r [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><r>&b;</r>"),
        ("text/turtle", "<http://a> <http://b> ["),
        ("text/turtle", "\x00\x01"),
        ("text/html", "<html></html>"),
        ("", "<http://a> <http://b> <http://c> ."),
    ],
)
def test_what_reaches_out_or_cannot_be_read_gives_nothing(media: str, content: str) -> None:
    with pytest.raises(SourceUnreadable) as caught:
        read_records(page(content, media), URL)
    assert "passwd" not in str(caught.value)


def test_two_records_that_refer_to_each_other_end() -> None:
    loop = "<#a> a dcat:Dataset ; dct:publisher <#p> . <#p> dct:creator <#q> . <#q> dct:creator <#p> ."
    records, _ = read_records(page(PREFIXES + loop), URL)
    assert records[0].triples.count("\n") == 4


def test_a_record_that_hangs_on_everything_is_left_out_and_the_others_stay() -> None:
    many = (
        "<#huge> dct:relation "
        + ", ".join(f"[ dct:title '{n}' ]" for n in range(11_000))
        + " ; a dcat:Dataset ."
    )
    records, _ = read_records(page(PREFIXES + RECORD + many), URL)
    assert sorted(record.entry.title for record in records) == ["Other", "Title"]
