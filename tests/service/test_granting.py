"""What a permit says that its application does not: the roster of the sites, and what the data's codes ask for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dataspace.adapters.memory import MemorySites
from dataspace.errors import InvalidRequest
from dataspace.model.names import SiteName
from dataspace.model.policies import Obligations
from dataspace.model.sites import Site
from dataspace.service.permit_documents import roster_digest, roster_of
from tests.service.permit_world import ANA, MONDAY, STAYS, SVEN, Office, office, renamed

A, B, C = (
    Site(SiteName(f"hospital-{name}"), signing_key=bytes([number]) * 32, datasets=held)
    for number, (name, held) in enumerate((("a", (STAYS,)), ("b", (STAYS,)), ("c", ())))
)


def joined(*sites: Site) -> tuple[Office, MemorySites]:
    kept = MemorySites()
    for site in sites:
        kept.put(site)
    return renamed(office(), sites=kept), kept


def test_the_roster_is_of_the_sites_that_hold_the_data_when_it_is_granted() -> None:
    at, sites = joined(A, B, C)
    permit = at.granted().permit
    assert permit.roster_sites == {A.name, B.name}
    assert permit.roster == roster_digest(roster_of([A, B], [A.name, B.name]))
    assert at.permitting.seal.verify(at.permitting.visible(SVEN)[0].jws).roster == permit.roster
    sites.put(replace(A, signing_key=b"\x09" * 32))
    assert roster_digest(roster_of(sites.all(), permit.roster_sites)) != permit.roster, "it joined anew"


def test_an_application_that_names_sites_is_granted_for_these() -> None:
    at, _ = joined(A, B, C)
    assert at.granted(sites=frozenset({B.name, C.name})).permit.roster_sites == {B.name}


def test_where_no_site_holds_the_data_no_roster_is_pinned() -> None:
    at, _ = joined(C)
    assert (at.granted().permit.roster, office().granted().permit.roster) == ("", "")


def test_an_amended_permit_is_for_the_sites_of_its_day() -> None:
    at, sites = joined(A)
    id = at.granted(days=100).permit.id
    sites.put(B)
    amended = at.permitting.amend(SVEN, id, Obligations(cohort=30), "a second hospital").permit
    assert amended.roster_sites == {A.name, B.name}
    sites.put(replace(C, datasets=(STAYS,)))
    extended = at.permitting.extend(SVEN, id, MONDAY + timedelta(days=200), "more time").permit
    assert len(extended.roster_sites) == 3


def test_the_steward_is_told_of_permits_whose_roster_is_not_that_of_today() -> None:
    at, sites = joined(A)
    inbox = replace(at.inbox, sites=sites)
    id = at.granted(days=100).permit.id
    assert inbox.of(SVEN) == []
    sites.put(C)
    assert inbox.of(SVEN) == [], "it holds nothing of what is granted"
    sites.put(B)
    (waiting,) = inbox.of(SVEN)
    assert (waiting.id, waiting.until) == (id, MONDAY + timedelta(days=100))
    assert "hospital-b came later" in waiting.what
    assert waiting.command == f'dataspace permit amend {id} --reason "…"'
    assert all("roster" not in item.what for item in inbox.of(ANA)), "a researcher cannot amend"
    at.permitting.amend(SVEN, id, Obligations(), "hospital-b joined")
    assert inbox.of(SVEN) == []
    sites.put(replace(A, signing_key=b"\x09" * 32))
    (waiting,) = inbox.of(SVEN)
    assert "joined anew" in waiting.what
    at.permitting.suspend(SVEN, id, "an incident")
    assert inbox.of(SVEN) == [], "nothing runs under it"


def test_a_permit_for_named_sites_does_not_wait_for_others() -> None:
    at, sites = joined(A)
    at.granted(sites=frozenset({A.name}))
    sites.put(B)
    assert replace(at.inbox, sites=sites).of(SVEN) == []


def test_what_the_codes_of_the_data_ask_for_is_among_the_duties() -> None:
    at = office()
    dataset = at.permitting.catalog.get(STAYS)
    assert dataset is not None
    at.permitting.catalog.put(replace(dataset, keywords=("DUO:0000019", "DUO:0000029")))
    application = at.apply(project=" heart ", disease="MONDO:0005148")
    given = at.permitting.grant(SVEN, application.id, Obligations(duties=frozenset({"call us"})), None).permit
    assert given.obligations.duties == {
        "call us",
        "publish the results",
        "return the derived data to the database that the data came from",
    }
    assert (given.project, given.disease) == ("heart", "MONDO:0005148")


@pytest.mark.parametrize("said", [{"disease": "diabetes"}, {"project": "a\nb"}, {"project": "x" * 201}])
def test_a_disease_and_a_project_that_are_none_are_refused(said: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        office().apply(ANA, **said)
