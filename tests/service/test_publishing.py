"""Publishing: versions that are kept, a second steward who sees what takes effect, and refusals that are recorded."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from dataspace.adapters.memory import MemoryCatalog, MemoryPolicyStore, MemoryProposals, MemorySigner
from dataspace.adapters.memory_log import MemoryLog
from dataspace.adapters.policy_yaml import parse_policy
from dataspace.errors import Conflict, InvalidRequest, NotAllowed, PolicyUnreadable, UnknownName
from dataspace.model.names import HUB, PrincipalId
from dataspace.model.policies import Policy
from dataspace.model.predicates import Predicate
from dataspace.model.principals import Principal, Role
from dataspace.model.records import Record, RecordKind
from dataspace.service.conditions import Conditions
from dataspace.service.enforcing import Enforcement
from dataspace.service.publishing import Publishing, digest_of
from dataspace.service.rehearsing import Rehearsing
from dataspace.service.versions import Versions

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAM, TIM, ANA = (
    Principal(PrincipalId(name), name, frozenset({role}))
    for name, role in (("sam", Role.STEWARD), ("tim", Role.STEWARD), ("ana", Role.RESEARCHER))
)
TEXT = "policy: stays\ntitle: Stays\nowner: the steward\non: stays\nallow: {who: researchers, answers: aggregate}\n"
WIDER = TEXT.replace("aggregate", "[aggregate, rows]")


class At:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


@dataclass
class World:
    publishing: Publishing
    versions: Versions
    log: MemoryLog

    def records(self, kind: RecordKind) -> list[Record]:
        return [record for _, record in self.log.records() if record.kind is kind]


def no_filter(text: str) -> Predicate:
    raise ValueError(text)


def read(text: str) -> Policy:
    return parse_policy(text, "policy.yaml", no_filter)


def world(stewards: int = 1) -> World:
    log, store, catalog = MemoryLog(MemorySigner(b"l" * 32)), MemoryPolicyStore(), MemoryCatalog()
    enforcement = Enforcement(HUB, At(), store, log)
    publishing = Publishing(
        store,
        catalog,
        None,  # type: ignore[arg-type]
        enforcement,
        read,
        None,  # type: ignore[arg-type]
        MemoryProposals(),
        stewards,
    )
    rehearsing = Rehearsing(catalog, store, log, At(), read, lambda _: None, lambda _: None)
    return World(publishing, Versions(store, log, publishing, rehearsing), log)


def test_each_publication_is_a_version_that_is_kept() -> None:
    made = world()
    assert made.publishing.publish(SAM, TEXT).version == 1
    assert made.publishing.publish(TIM, WIDER).version == 2
    first, second = made.versions.history(SAM, "stays")
    assert (first.number, first.by, first.in_force, first.digest) == (1, "sam", False, digest_of(TEXT))
    assert (second.number, second.by, second.in_force) == (2, "tim", True)
    assert made.versions.text(SAM, "stays", 1) == TEXT
    assert "-allow: {who: researchers, answers: aggregate}" in made.versions.difference(SAM, "stays")
    made.publishing.withdraw(SAM, "stays")
    assert [version.in_force for version in made.versions.history(SAM, "stays")] == [False, False]


def test_the_same_text_published_again_is_a_version_of_its_own() -> None:
    made = world()
    for steward in (SAM, TIM, SAM):
        made.publishing.publish(steward, TEXT)
    assert [version.by for version in made.versions.history(SAM, "stays")] == ["sam", "tim", "sam"]


def test_who_published_is_not_for_researchers() -> None:
    made = world()
    made.publishing.publish(SAM, TEXT)
    for ask in (made.versions.history, made.versions.difference):
        with pytest.raises(NotAllowed):
            ask(ANA, "stays")
    with pytest.raises(NotAllowed):
        made.publishing.publish(ANA, TEXT)
    with pytest.raises(UnknownName):
        made.versions.text(SAM, "stays", 2)


def test_a_file_that_was_swapped_after_the_review_is_refused_and_recorded() -> None:
    made = world()
    with pytest.raises(Conflict, match="not the text that was reviewed"):
        made.publishing.publish(SAM, WIDER, digest_of(TEXT))
    assert made.publishing.in_force() == ()
    (record,) = made.records(RecordKind.POLICY_REFUSED)
    assert record.facts["source"] == digest_of(WIDER)
    made.publishing.publish(SAM, TEXT, digest_of(TEXT)[:12])
    with pytest.raises(Conflict):  # a few characters could be met by chance
        made.publishing.publish(SAM, TEXT, digest_of(TEXT)[:6])


def test_what_cannot_be_read_takes_no_effect_and_is_recorded_with_the_reason() -> None:
    made = world()
    made.publishing.publish(SAM, TEXT)
    before = made.publishing.policies.current().digest
    for spoilt in (TEXT.replace("who", "whom"), "a: &a [*a]", TEXT + "policy: other\n", "", "\x00"):
        with pytest.raises(PolicyUnreadable):
            made.publishing.publish(SAM, spoilt)
    assert made.publishing.policies.current().digest == before
    reasons = [record.facts["reason"] for record in made.records(RecordKind.POLICY_REFUSED)]
    assert len(reasons) == 5
    assert "line 5" in str(reasons[0])
    assert "anchors" in str(reasons[1])


def test_where_two_have_to_agree_nothing_changes_before_the_second_yes() -> None:
    made = world(stewards=2)
    waiting = made.publishing.publish(SAM, TEXT)
    assert waiting.waits
    assert made.publishing.in_force() == ()
    review = made.versions.review(TIM, "stays")
    assert "+policy: stays" in review.difference
    assert review.replay.digest == digest_of(TEXT)
    done = made.publishing.approve(TIM, "stays", review.proposal.digest)
    assert done is not None and done.version == 1
    (version,) = made.versions.history(SAM, "stays")
    assert (version.by, version.approved_by, version.in_force) == ("sam", "tim", True)
    assert list(made.versions.waiting(SAM)) == []
    (record,) = made.records(RecordKind.POLICY_PUBLISHED)
    assert (record.principal, record.facts["proposed_by"]) == ("tim", "sam")


def test_nobody_is_their_own_second_steward() -> None:
    made = world(stewards=2)
    made.publishing.publish(SAM, TEXT)
    with pytest.raises(NotAllowed):
        made.publishing.approve(SAM, "stays", digest_of(TEXT))
    twin = replace(ANA, roles=frozenset({Role.AUDITOR}))
    with pytest.raises(NotAllowed):
        made.publishing.approve(twin, "stays", digest_of(TEXT))
    assert made.publishing.in_force() == ()


def test_what_was_reviewed_is_what_takes_effect() -> None:
    made = world(stewards=2)
    made.publishing.publish(SAM, TEXT)
    reviewed = made.versions.review(TIM, "stays").proposal.digest
    made.publishing.publish(SAM, WIDER)  # swapped between the review and the yes
    with pytest.raises(Conflict, match="not what was reviewed"):
        made.publishing.approve(TIM, "stays", reviewed)
    assert made.publishing.in_force() == ()


def test_a_yes_to_a_difference_that_is_no_longer_the_difference_is_refused() -> None:
    made = world(stewards=2)
    made.publishing.publish(SAM, TEXT)
    made.publishing.approve(TIM, "stays", digest_of(TEXT))
    made.publishing.publish(SAM, WIDER)
    made.publishing.policies.publish(read(TEXT.replace("Stays", "Others")), TEXT.replace("Stays", "Others"))
    with pytest.raises(Conflict, match="has changed since"):
        made.publishing.approve(TIM, "stays", digest_of(WIDER))


def test_withdrawing_needs_two_as_well_and_a_proposal_can_be_declined() -> None:
    made = world(stewards=2)
    made.publishing.publish(SAM, TEXT)
    made.publishing.approve(TIM, "stays", digest_of(TEXT))
    assert made.publishing.withdraw(TIM, "stays") is False
    digest = made.versions.review(SAM, "stays").proposal.digest
    made.publishing.decline(SAM, "stays", "It is still needed.")
    (record,) = made.records(RecordKind.POLICY_DECLINED)
    assert record.facts["reason"] == "It is still needed."
    made.publishing.withdraw(TIM, "stays")
    assert made.publishing.approve(SAM, "stays", digest) is None
    assert made.publishing.in_force() == ()


def test_the_policy_of_duo_codes_is_written_by_the_codes_alone() -> None:
    made = world()
    conditions = Conditions(made.publishing)
    assert conditions.put(SAM, "stays", ["NMDS"]) == "duo-stays"
    text = made.publishing.text_in_force(made.publishing.in_force()[0].id)
    with pytest.raises(InvalidRequest, match="DUO codes"):
        made.publishing.publish(SAM, text.replace("answers: train", "answers: noisy"))
    conditions.put(SAM, "stays", ["DUO:0000015"])  # the same code in its other spelling: no new version
    assert len(made.versions.history(SAM, "duo-stays")) == 1
    assert conditions.put(SAM, "stays", ["NRES"]) == ""
    assert made.publishing.in_force() == ()


def test_fewer_duo_codes_need_the_second_steward_and_the_first_ones_do_not() -> None:
    made = world(stewards=2)
    conditions = Conditions(made.publishing)
    conditions.put(SAM, "stays", ["NMDS", "IRB"])
    assert [policy.id for policy in made.publishing.in_force()] == ["duo-stays"]
    with pytest.raises(Conflict, match="second steward"):
        conditions.put(SAM, "stays", ["NMDS"])
    with pytest.raises(Conflict, match="second steward"):
        conditions.put(SAM, "stays", ["NRES"])
    assert len(made.publishing.in_force()[0].rules) == 3
