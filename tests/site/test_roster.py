"""A site computes with those alone that the permit was granted for, each with the key that it joined with."""

from dataclasses import replace
from typing import Any

import pytest

from dataspace.model.names import SiteName
from dataspace.model.permits import Permit
from dataspace.service.permit_documents import key_digest, roster_digest
from dataspace.site.roster import outside_roster
from dataspace.testing.examples import example_permit

A, B = SiteName("hospital-a"), SiteName("hospital-b")
KEY = b"\x01" * 32
ROSTER = {A: key_digest(KEY), B: key_digest(b"\x02" * 32)}
PERMIT = replace(
    example_permit(), sites=frozenset(), roster=roster_digest(ROSTER), roster_sites=frozenset(ROSTER)
)


def outside(permit: Permit = PERMIT, key: bytes = KEY, site: SiteName = A, **says: Any) -> str:
    return outside_roster(permit, {"roster": ROSTER, "sites": [A, B], **says}, site, key)


def test_among_the_sites_of_the_permit_nothing_is_refused() -> None:
    assert outside() == ""
    assert outside(sites=[B]) == ""
    assert outside(roster=dict[SiteName, str](sorted(ROSTER.items(), reverse=True))) == ""


def test_a_permit_without_a_roster_binds_no_site_to_others() -> None:
    assert outside_roster(replace(PERMIT, roster=""), {}, A, KEY) == ""


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({"roster": {A: ROSTER[A]}}, "other sites"),
        ({"roster": {**ROSTER, SiteName("hospital-z"): "0" * 64}}, "other sites"),
        ({"roster": {**ROSTER, B: "0" * 64}}, "other keys"),
        ({"roster": {}}, "other sites"),
        ({"roster": None}, "other sites"),
        ({"roster": [A, B]}, "other sites"),
        ({"roster": {A: 1}}, "other sites"),
        ({"sites": [A, "hospital-z"]}, "run is with sites"),
        ({"sites": [A, ["x"]]}, "run is with sites"),
        ({"sites": None}, "run is with sites"),
        ({"key": b"\x03" * 32}, "this site as it is now"),
        ({"site": SiteName("hospital-z")}, "this site as it is now"),
    ],
)
def test_any_other_company_is_refused(says: dict[str, Any], why: str) -> None:
    assert why in outside(**says)
