"""Whether a permit stands at a site: by the issuer's list, the issuer's time, and what this site has seen before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.errors import SetupError, SourceError
from dataspace.model.names import PermitId
from dataspace.model.permits import PermitStatus
from dataspace.site.status import FileMemory, HubStatus, Seen, standing
from dataspace.testing.examples import AT, example_permit

SIGNER, CLOCK = MemorySigner(), ManualClock(AT)
HUB, SITE = (
    JosePermitSeal(SIGNER, "hub", {}, CLOCK),
    JosePermitSeal(None, "", {"hub": SIGNER.public_key()}, CLOCK),
)
PERMIT = replace(example_permit(issuer="hub"), id=PermitId("P-1"))
LIST = PermitStatus("hub", frozenset(), "n", AT)
ONE = frozenset({PermitId("P-1")})


@pytest.mark.parametrize(
    ("status", "age", "code"),
    [
        (LIST, 0.0, None),
        (replace(LIST, revoked=ONE), 0.0, "permit.revoked"),
        (replace(LIST, suspended=ONE), 0.0, "permit.suspended"),
        (replace(LIST, documents={PermitId("P-1"): "d"}), 0.0, None),
        (replace(LIST, documents={PermitId("P-1"): "newer"}), 0.0, "permit.replaced"),
        (replace(LIST, issuer="another"), 0.0, "permit.status-stale"),
        (replace(LIST, at=AT + timedelta(days=365)), 0.0, "permit.expired"),
        (replace(LIST, at=AT + timedelta(days=365, seconds=-60)), 60.0, "permit.expired"),
    ],
)
def test_a_permit_stands_only_where_the_list_says_so(
    status: PermitStatus, age: float, code: str | None
) -> None:
    found = standing(PERMIT, "d", status, age)
    assert (found and found[0]) == code


def fetch(**says: object) -> Callable[[str], str]:
    return lambda nonce: HUB.sign_status(replace(LIST, nonce=nonce, **says))  # type: ignore[arg-type]


def site(home: Path, ask: Callable[[str], str], at: list[float] | None = None) -> HubStatus:
    moment = at or [0.0]
    return HubStatus(ask, SITE, "hub", 900, lambda: moment[0], FileMemory(home))


def test_an_older_list_is_refused_also_after_a_restart(tmp_path: Path) -> None:
    assert site(tmp_path, fetch(sequence=7)).status()[0].sequence == 7
    with pytest.raises(SourceError) as refused:
        site(tmp_path, fetch(sequence=6)).status()
    assert "became shorter" in str(refused.value.__cause__)
    assert site(tmp_path, fetch(sequence=7)).status()[1] == 0


def test_a_list_of_another_nonce_is_not_replayed(tmp_path: Path) -> None:
    old = fetch(sequence=7)("an older nonce")
    with pytest.raises(SourceError):
        site(tmp_path, lambda _: old).status()


def test_what_was_revoked_once_stays_so_whatever_later_lists_say(tmp_path: Path) -> None:
    site(tmp_path, fetch(sequence=7, revoked=ONE)).status()
    assert site(tmp_path, fetch(sequence=8)).status()[0].revoked == ONE


def test_a_clock_that_was_set_back_makes_a_fresh_list_unbelievable(tmp_path: Path) -> None:
    back = JosePermitSeal(None, "", {"hub": SIGNER.public_key()}, ManualClock(AT - timedelta(days=400)))
    with pytest.raises(SourceError):
        HubStatus(fetch(), back, "hub", 900, lambda: 0.0, FileMemory(tmp_path)).status()


def test_a_memory_that_cannot_be_read_brings_no_permit_back(tmp_path: Path) -> None:
    FileMemory(tmp_path).remember(Seen(3, ONE))
    assert FileMemory(tmp_path).seen() == Seen(3, ONE)
    (tmp_path / "revoked.json").write_text("{")
    with pytest.raises(SetupError):
        site(tmp_path, fetch(sequence=9)).status()
