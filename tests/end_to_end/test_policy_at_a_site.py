"""A site rehearses a policy on the requests that it has recorded itself."""

from pathlib import Path

import pytest

from dataspace.connecting import EmbeddedFederation
from dataspace.model.replays import Effectuation
from dataspace.service.registration import Registration
from dataspace.service.rehearsing import period
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow

DICTIONARY = """dictionary: visits
version: 1
title: Visits
unit: visit
columns:
  - name: ward
    title: Ward
    type: integer
    codes: {0: north, 1: south}
"""
OPEN = """policy: visits
title: Visits
owner: the steward
on: visits
allow: {rule: counts, who: anyone, answers: aggregate}
"""
CLOSED = OPEN.replace("who: anyone", "who: {country: EU}")


def test_a_site_sees_what_a_policy_of_its_own_would_have_changed(tmp_path: Path) -> None:
    federation = EmbeddedFederation(tmp_path, {"sven": "steward", "ana": "researcher"}, ["clinic"])
    try:
        site, sven, ana = federation.sites["clinic"], federation.hub("sven"), federation.hub("ana")
        file = tmp_path / "visits.csv"
        file.write_text("ward\n" + "\n".join(str(i % 2) for i in range(100)) + "\n")
        site.publishing.dictionary(site.steward, DICTIONARY)
        site.publishing.publish(site.steward, OPEN)
        said = Registration("visits", dictionary="visits", publish=True, duo=("DUO:0000046",))
        site.depositing.register(site.steward, file, said)
        federation.offer("clinic", ["visits"])
        sven.load_dictionary(DICTIONARY)
        sven.describe_federated("visits", "visits", "Visits", fields=RECORD)
        sven.publish_policy(OPEN)
        ana.count(dataset="visits", by=["ward"], purpose="scientific research")
        found = site.versions.rehearsing.rehearse(site.steward, CLOSED, period("1d"))
        (line,) = found.affected
        assert (line.effect, line.principal, line.dataset, line.cells) == (
            Effectuation.LOSES,
            "ana",
            "visits",
            4,
        )
        assert [policy.id for policy in site.publishing.in_force()] == ["duo-visits", "visits"]
        assert [version.in_force for version in site.versions.history(site.steward, "visits")] == [True]
    finally:
        federation.close()
