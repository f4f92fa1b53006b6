"""A permit's persons are reminded 90, 30 and 7 days before it ends, each time once; a mail tells nothing else."""

from datetime import timedelta

import pytest

from dataspace.http.scheduling import permits_on_schedule
from dataspace.model.names import PrincipalId
from dataspace.model.permits import Permit
from dataspace.model.policies import Obligations
from dataspace.service.reminding import Reminding
from tests.http.test_scheduling import until
from tests.service.permit_world import ANA, MONDAY, SVEN, Office, office, person, renamed

UNA = person("una@university.example")


class Mailbox:
    """`Mail` that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def send(self, to: str, subject: str, text: str) -> None:
        self.sent.append((to, subject, text))


def reminded(ends: list[tuple[str, int]]) -> Office:
    def tell(permit: Permit) -> None:
        ends.append((permit.id, permit.reminded))

    return renamed(office(), ending=tell)


@pytest.mark.parametrize("gap", [1, 3])
def test_each_reminder_comes_once(gap: int) -> None:
    ends: list[tuple[str, int]] = []
    at = reminded(ends)
    id = at.granted(days=200).permit.id
    for _ in range(0, 210, gap):
        at.permitting.remind_due()
        at.permitting.remind_due()
        at.later(days=gap)
    assert ends == [(id, 90), (id, 30), (id, 7)]


def test_of_those_that_nobody_was_here_for_the_last_one_is_sent() -> None:
    ends: list[tuple[str, int]] = []
    at = reminded(ends)
    id = at.granted(days=200).permit.id
    at.later(days=195)
    at.permitting.remind_due()
    at.permitting.remind_due()
    assert ends == [(id, 7)]


def test_a_short_permit_is_not_announced_as_ending_when_it_begins() -> None:
    ends: list[tuple[str, int]] = []
    at = reminded(ends)
    at.granted(days=30)
    assert at.permitting.remind_due() == []
    at.later(days=24)
    assert len(at.permitting.remind_due()) == 1


def test_who_no_longer_holds_one_is_not_reminded_and_an_extension_begins_anew() -> None:
    ends: list[tuple[str, int]] = []
    at = reminded(ends)
    gone, longer = at.granted(days=100).permit.id, at.granted(days=100).permit.id
    at.permitting.revoke(SVEN, gone, "misuse")
    at.later(days=50)
    assert at.permitting.remind_due() == [longer]
    at.permitting.amend(SVEN, longer, Obligations(cohort=30), "tighter")
    assert at.permitting.remind_due() == [], "an amendment changes no day"
    at.permitting.extend(SVEN, longer, MONDAY + timedelta(days=300), "more time")
    assert at.permitting.remind_due() == []
    at.later(days=170)
    assert at.permitting.remind_due() == [longer]


def test_the_mail_names_permit_and_day_and_nothing_else() -> None:
    at, mail = office(), Mailbox()
    at.inbox.people.put(UNA)
    at = renamed(at, ending=Reminding("hub", at.inbox, at.inbox.people, mail).ending)
    named = at.granted(days=100, persons=frozenset({UNA.id, PrincipalId("nobody")}), project="heart").permit
    at.later(days=80)
    at.permitting.remind_due()
    [(to, subject, text)] = mail.sent
    assert (to, subject) == (UNA.id, f"hub: {named.id} ends soon")
    assert f"{named.expires:%d %B %Y}" in text
    for word in ("stays", "heart", ANA.id, named.title):
        assert word not in text.replace(UNA.id, "")


def test_a_hub_that_is_served_looks_by_itself() -> None:
    ends: list[tuple[str, int]] = []
    at = reminded(ends)
    id = at.granted(days=200).permit.id
    at.later(days=150)
    with permits_on_schedule(at.permitting, 0.02):
        assert until(lambda: ends == [(id, 90)])
        at.later(days=60)
        assert until(lambda: any(s.permit.expiry_seen for s in at.permitting.permits.permits()))
