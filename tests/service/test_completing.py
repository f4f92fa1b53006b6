"""A record without what it must say is a draft, and stays one, whoever asks and however."""

from dataclasses import replace
from datetime import date
from shlex import split

import pytest

from dataspace.adapters.memory import ManualClock, MemoryCatalog, MemoryLog, MemoryPolicyStore, MemorySigner
from dataspace.adapters.records.reading import read_record
from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.datasets import Dataset, Responsibility
from dataspace.model.descriptions import AccessRights, Domain
from dataspace.model.names import HUB, PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.service.completing import Completing, filled, refuse_incomplete
from dataspace.service.enforcing import Enforcement
from dataspace.testing.descriptions import (
    described,
    hospital_registry,
    minimal,
    open_data,
    plant_telemetry,
    version_of,
)
from dataspace.vocabulary.authorities import EHDS
from dataspace.vocabulary.record_check import check
from dataspace.vocabulary.record_edit import edited
from dataspace.vocabulary.record_fields import FIELDS, Field

TODAY = date(2026, 11, 22)


def lacking(record: Dataset) -> set[str]:
    return {missing.field for missing in check(record, TODAY).missing}


SAM = Principal(PrincipalId("sam"), "Sam", frozenset({Role.STEWARD}))
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog(MemorySigner())


@pytest.fixture
def completing(log: MemoryLog) -> Completing:
    catalog = MemoryCatalog()
    for record in described():
        catalog.put(record)
    enforcement = Enforcement(HUB, ManualClock(), MemoryPolicyStore(), log)
    return Completing(catalog, enforcement, read_record)


def test_a_complete_record_is_published_and_recorded(completing: Completing, log: MemoryLog) -> None:
    assert completing.publish(SAM, "stays").published
    [(_, record)] = log.records()
    assert record.kind is RecordKind.DATASET_CHANGED
    assert record.facts["dataset"] == "stays"
    assert completing.check(ANA, "stays").publishable


RESPONSIBILITIES = {
    "controller", "contact", "data-protection-officer", "legal-basis", "cited-law", "retention", "ethics-vote", "dpia",
}  # fmt: skip


def test_a_record_without_responsibilities_is_a_draft_and_cannot_be_published(
    completing: Completing, log: MemoryLog
) -> None:
    draft = replace(hospital_registry(), responsibility=Responsibility())
    assert lacking(draft) == RESPONSIBILITIES - {"legal-basis"}
    completing.catalog.put(draft)
    with pytest.raises(Conflict, match="stays a draft") as raised:
        completing.publish(SAM, draft.name)
    assert all(field in str(raised.value) for field in lacking(draft))
    assert "dataspace dataset edit oncology_registry --field" in str(raised.value)
    assert log.size() == 0
    with pytest.raises(UnknownName):
        completing.check(ANA, draft.name)


@pytest.mark.parametrize("field", sorted(RESPONSIBILITIES))
def test_each_responsibility_that_is_cleared_is_asked_for(field: str) -> None:
    assert lacking(edited(hospital_registry(), {field: []})) == {field}


@pytest.mark.parametrize("field", ["contract", "trade-secret"])
def test_a_plant_is_asked_for_its_contract_and_its_trade_secrets(field: str) -> None:
    assert lacking(edited(plant_telemetry(), {field: []})) == {field}


def test_open_data_need_a_licence() -> None:
    assert lacking(edited(open_data(), {"licence": []})) == {"licence"}


@pytest.mark.parametrize("phrase", ["none designated yet", "None yet.", "TBD", " ? "])
def test_a_field_that_was_left_open_is_a_valid_draft_and_no_record(phrase: str) -> None:
    draft = edited(hospital_registry(), {"hdab": [phrase]})
    assert lacking(draft) == {"hdab"}
    assert "left open" in check(draft, TODAY).missing[0].text


def test_an_ethics_vote_that_has_ended_does_not_count() -> None:
    assert check(hospital_registry(), date(2028, 12, 31)).publishable
    [missing] = check(hospital_registry(), date(2029, 1, 1)).missing
    assert (missing.field, "ended on 2028-12-31" in missing.text) == ("ethics-expires", True)


def test_a_vote_that_is_not_required_says_why_and_has_no_end() -> None:
    record = edited(
        hospital_registry(), {"ethics-vote": ["not required: registry act"], "ethics-expires": []}
    )
    assert lacking(record) == set()


def test_health_data_need_a_basis_of_each_kind() -> None:
    for alone, lacks in (("A6-1-c", "A9-2-j"), ("A9-2-j", "A6-1-c")):
        record = edited(hospital_registry(), {"legal-basis": [alone]})
        [missing] = check(record, TODAY).missing
        assert missing.command.endswith(f"--field legal-basis={alone} --field legal-basis={lacks}")
    assert lacking(edited(hospital_registry(), {"legal-basis": ["A6-1-c", "A9-2-j"]})) == set()


def test_made_up_rows_need_no_data_protection_officer() -> None:
    real = replace(hospital_registry(), responsibility=minimal().responsibility)
    assert "data-protection-officer" in lacking(real)
    assert "data-protection-officer" not in lacking(replace(real, synthetic=True))


def test_what_is_missing_says_why_and_what_to_type_and_typing_it_helps() -> None:
    """From nothing to a complete health record, by typing nothing but what the checker says."""
    record = edited(
        replace(minimal(), responsibility=Responsibility(), description=""), {"domain": ["health"]}
    )
    record = replace(record, about=replace(record.about, structured=True))
    for _ in range(3):
        for missing in check(record, TODAY).missing:
            assert missing.clause
            typed = [word.partition("=") for word in split(missing.command)[4:] if word != "--field"]
            record = edited(record, {typed[0][0]: [value for _, _, value in typed]})
    assert lacking(record) == set()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: str(field.name))
def test_each_fields_own_example_can_be_typed_and_cleared(field: Field) -> None:
    record = edited(hospital_registry(), {field.name: [field.example]})
    assert edited(record, {field.name: []}) == edited(hospital_registry(), {field.name: []})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"controler": ["x"]}, "Did you mean 'controller'"),
        ({"hdab": ["no address"]}, "no mail address"),
        ({"theme": ["gardening"]}, "neither an IRI nor a code"),
        ({"min-age": ["-1"]}, "cannot be that"),
        ({"access": ["secret"]}, "cannot be that"),
        ({"title": ["a", "b"]}, "several times"),
        ({"temporal": ["always"]}, "not a period"),
        ({"legal-basis": ["because"]}, "no word"),
        ({"description": ["x" * 20_000]}, "too long"),
        ({"distribution": ["no address"]}, "cannot be that"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_in_words(fields: dict[str, list[str]], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        edited(hospital_registry(), fields)


def test_health_records_get_the_law_that_is_the_same_for_all_of_them() -> None:
    assert edited(minimal(), {"domain": ["health"]}).about.legislation == (EHDS,)


def test_a_published_record_cannot_lose_what_it_must_say(completing: Completing) -> None:
    completing.publish(SAM, "stays")
    with pytest.raises(Conflict, match="controller"):
        completing.edit(SAM, "stays", {"controller": []})
    assert completing.edit(SAM, "stays", {"title": ["Other"]}).title == "Other"


def test_only_stewards_edit_publish_and_bring(completing: Completing) -> None:
    with pytest.raises(NotAllowed):
        completing.edit(ANA, "stays", {"title": ["x"]})
    with pytest.raises(NotAllowed):
        completing.publish(ANA, "stays")
    with pytest.raises(NotAllowed):
        completing.bring(ANA, "new", "", "turtle")


def test_a_record_from_outside_is_a_draft_that_can_be_checked(completing: Completing) -> None:
    text = (
        "<https://e.example/d> a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> 'T' ."
    )
    assert not completing.bring(SAM, "outside", text, "turtle").published
    assert {"description", "access"} <= {m.field for m in completing.check(SAM, "outside").missing}
    with pytest.raises(Conflict, match="already"):
        completing.bring(SAM, "outside", text, "turtle")
    with pytest.raises(InvalidRequest, match="cannot name"):
        completing.bring(SAM, "Not a name", text, "turtle")


def test_counts_about_persons_are_rounded_and_others_are_not() -> None:
    version = version_of(hospital_registry())
    assert version is not None
    version = replace(version, rows=1_498)
    assert filled(hospital_registry(), version).about.records == 1_500
    assert filled(plant_telemetry(), version).about.records == 1_498


def test_what_the_data_say_is_filled_in_and_what_was_typed_stays() -> None:
    version = version_of(minimal()) or version_of(open_data())
    assert version is not None
    bare = filled(minimal(), version).about
    assert (bare.identifier, bare.structured, bare.modified) == ("minimal", True, "2026-11-22")
    assert bare.distributions[0].size == 120_000
    typed = filled(open_data(), version).about
    assert (typed.identifier, typed.distributions) == ("air_quality", open_data().about.distributions)


def test_a_refusal_counts_what_is_required() -> None:
    with pytest.raises(Conflict, match=r"1 of \d+ required fields"):
        refuse_incomplete(edited(minimal(), {"controller": []}), TODAY)


def test_every_kind_of_record_has_a_complete_example() -> None:
    assert {(r.about.domain, r.about.access) for r in described()} >= {
        (Domain.HEALTH, AccessRights.NON_PUBLIC),
        (Domain.PLANT, AccessRights.RESTRICTED),
        (Domain.GENERAL, AccessRights.PUBLIC),
    }
