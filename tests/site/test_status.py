"""The list of revoked permits: fresh, for this site's own question, and refused when nothing can be told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.errors import SourceError
from dataspace.model.names import PermitId
from dataspace.model.permits import PermitStatus
from dataspace.site.status import STALE_SECONDS, HubStatus

CLOCK = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
SIGNER = MemorySigner()
HUB = JosePermitSeal(SIGNER, "hub", {}, CLOCK)
SITE = JosePermitSeal(None, "", {"hub": SIGNER.public_key()}, CLOCK)


class Line:
    """A line to the hub, and a monotonic clock."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.revoked: frozenset[PermitId] = frozenset()
        self.away = False
        self.at = 1000.0
        self.slow = 0.0

    def fetch(self, nonce: str) -> str:
        self.asked.append(nonce)
        self.at += self.slow
        if self.away:
            raise SourceError("The hub cannot be reached.")
        return HUB.sign_status(PermitStatus("hub", self.revoked, nonce, CLOCK.now()))

    def status(self, fetch: Callable[[str], str] | None = None) -> HubStatus:
        return HubStatus(fetch or self.fetch, SITE, "hub", 900, lambda: self.at)


def test_a_list_is_asked_for_once_and_again_when_it_is_old() -> None:
    line = Line()
    source = line.status()
    assert source.status()[1] == 0
    line.at += 900
    assert source.status()[1] == 900
    assert len(line.asked) == 1
    line.revoked = frozenset({PermitId("P-7")})
    line.at += 1
    assert source.status() == (replace(source.status()[0], revoked=line.revoked), 0)
    assert len(set(line.asked)) == len(line.asked) == 2


def test_the_last_list_stands_for_a_day_while_the_hub_is_away() -> None:
    line = Line()
    source = line.status()
    source.status()
    line.away = True
    line.at += STALE_SECONDS
    assert source.status()[1] == STALE_SECONDS
    line.at += 1
    with pytest.raises(SourceError, match="cannot be told"):
        source.status()
    line.away = False
    assert source.status()[1] == 0


def test_without_any_list_nothing_can_be_told() -> None:
    line = Line()
    line.away = True
    with pytest.raises(SourceError, match="doctor"):
        line.status().status()


def test_an_answer_that_was_slow_is_as_old_as_its_question() -> None:
    line = Line()
    line.slow = 30.0
    assert line.status().status()[1] == 30.0


@pytest.mark.parametrize(
    "forged",
    [
        lambda nonce: HUB.sign_status(PermitStatus("hub", frozenset(), "an older nonce", CLOCK.now())),
        lambda nonce: JosePermitSeal(MemorySigner(), "hub", {}, CLOCK).sign_status(
            PermitStatus("hub", frozenset(), nonce, CLOCK.now())
        ),
        lambda nonce: "not a list",
        lambda nonce: "",
    ],
    ids=["a replay", "another key", "nonsense", "nothing"],
)
def test_a_list_that_is_not_the_hubs_answer_to_this_question_does_not_count(
    forged: Callable[[str], str],
) -> None:
    with pytest.raises(SourceError, match="cannot be told"):
        Line().status(forged).status()
