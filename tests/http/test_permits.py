"""The paths of the permit office, through the client and the whole hub."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import dataspace
from dataspace.bootstrap import add_person, init_hub
from dataspace.errors import Conflict, NotAllowed
from dataspace.model.principals import Role
from dataspace.settings import HubSettings

VOUCHERS = """
policy: vouchers
title: Vouchers
owner: the data office
on: stays
allow:
  - rule: holders
    do: use
    answers: aggregate
    who: permit holders
"""
LATER = datetime.now(UTC) + timedelta(days=200)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    settings = HubSettings(tmp_path / "hub")
    init_hub(settings)
    add_person(settings, "sven", "Sven", [Role.STEWARD], "")
    add_person(settings, "eva", "Eva", [Role.STEWARD], "")
    add_person(settings, "ana", "Ana", [Role.RESEARCHER], "university")
    (tmp_path / "stays.csv").write_text("who,los\n" + "".join(f"p{i},{i}\n" for i in range(40)))
    with dataspace.open(settings.home, principal="sven") as sven:
        sven.register(tmp_path / "stays.csv", "stays", privacy_unit="who")
    return settings.home


def test_from_a_draft_to_a_closed_permit(home: Path) -> None:
    with dataspace.open(home, principal="sven") as sven:
        asked = sven.apply("stays", purpose="scientific research", draft=True)
        assert asked.status == "draft"
        sven.act(asked, "submit")
        with pytest.raises(NotAllowed):
            sven.grant(asked)
    with dataspace.open(home, principal="eva") as eva:
        [item] = eva.inbox()
        assert item.id == asked.id
        assert asked.id in repr(eva.inbox())
        read = eva.application(asked.id)
        eva.act(read, "complete")
        with pytest.raises(Conflict):
            eva.act(read, "comment", "an older revision")
        eva.act(asked.id, "support")
        permit = eva.grant(asked.id)
        assert eva.verify_permit(permit.jws).id == permit.id
        assert "SUSPENDED" in repr(eva.suspend(permit, "an incident"))
        eva.resume(permit, "it is over")
        amended = eva.amend(permit, "less", cohort=20)
        longer = eva.extend(amended, permit.noun.expires + timedelta(days=9))
        assert longer.noun.revision == 2
        assert permit.id in eva.paper(longer)
        assert len(eva.opt_out("stays", ["p1"])) == 64
        eva.name_deputy("ana", LATER)
        assert [d.deputy for d in eva.deputies()] == ["ana"]
        eva.name_deputy("ana", None)
    with dataspace.open(home, principal="sven") as sven:
        assert "closed" in repr(sven.close_permit(longer, "https://doi.example/1", True))


def test_an_open_call_decides_at_once(home: Path) -> None:
    with dataspace.open(home, principal="sven") as sven:
        call = sven.open_call(
            "Vouchers", ["stays"], ["scientific research"], ["aggregate"], "exploratory", LATER
        )
        sven.publish_policy(VOUCHERS)
        assert call.id in repr(sven.calls())
    with dataspace.open(home, principal="eva") as eva:
        made = eva.apply("stays", purpose="scientific research", call=call.id)
        assert made.status == "granted"
        assert eva.permit(made.noun.permit or "").noun.call == call.id
