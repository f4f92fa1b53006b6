"""A hub's permit office in memory: two stewards, an auditor and three researchers."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import (
    ManualClock,
    MemoryCatalog,
    MemoryLog,
    MemoryPeople,
    MemoryPermitStore,
    MemoryPolicyStore,
    MemorySigner,
)
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.names import HUB, ColumnName, DatasetName, PolicyId, PrincipalId, RuleId
from dataspace.model.permits import Application, Basis, SignedPermit
from dataspace.model.policies import AnswerKind, Effect, Obligations, Policy, Rule, Target
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.service.applying import Contents, Details
from dataspace.service.enforcing import Enforcement
from dataspace.service.inbox import Inbox
from dataspace.service.permitting import Permitting
from dataspace.service.reviewing import Reviewing

STAYS = DatasetName("stays")
KINDS = frozenset({AnswerKind.AGGREGATE})
PURPOSES = ("scientific research",)
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


def person(id: str, *roles: Role, organisation: str = "") -> Principal:
    return Principal(PrincipalId(id), id.title(), frozenset(roles), organisation)


SVEN, EVA = person("sven", Role.STEWARD), person("eva", Role.STEWARD, Role.RESEARCHER)
ANA = person("ana", Role.RESEARCHER, organisation="university")
BEN = person("ben", Role.RESEARCHER)


@dataclass
class Office:
    permitting: Permitting
    inbox: Inbox
    log: MemoryLog
    clock: ManualClock
    signer: MemorySigner
    told: list[Application]
    policies: MemoryPolicyStore

    def apply(self, who: Principal = ANA, **details: object) -> Application:
        said = Details(**details)  # type: ignore[arg-type]
        return self.permitting.apply(who, Contents((STAYS,), PURPOSES, KINDS, details=said))

    def granted(self, who: Principal = ANA, days: int | None = None, **details: object) -> SignedPermit:
        until = self.clock.now() + timedelta(days=days) if days else None
        return self.permitting.grant(SVEN, self.apply(who, **details).id, Obligations(), until)

    def kinds(self) -> list[RecordKind]:
        return [record.kind for _, record in self.log.records()]

    def later(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))


def office(reviewers: int = 1, bases: frozenset[Basis] = frozenset({Basis.CONTRACT})) -> Office:
    clock, signer, log = ManualClock(MONDAY), MemorySigner(), MemoryLog(MemorySigner())
    catalog, people, store = MemoryCatalog(), MemoryPeople(), MemoryPermitStore()
    columns = tuple(Column(ColumnName(name), ColumnType.INTEGER) for name in ("los", "died"))
    catalog.put(Dataset(STAYS, "Stays", "", columns, None, None, published=True))
    for who in (SVEN, EVA, ANA, BEN):
        people.put(who)
    policies = MemoryPolicyStore()
    enforcement = Enforcement(HUB, clock, policies, log)
    told: list[Application] = []
    reviewing = Reviewing(store, clock, enforcement, reviewers, told.append)
    seal = JosePermitSeal(signer, "hub", {}, clock)
    permitting = Permitting(catalog, store, seal, clock, enforcement, "hub", reviewing=reviewing, bases=bases)
    return Office(permitting, Inbox(store, people, clock, enforcement), log, clock, signer, told, policies)


def rule(effect: Effect = Effect.PERMIT, **says: object) -> Policy:
    """A policy of one rule over the stays."""
    made = Rule(RuleId("only"), effect, Target(frozenset({STAYS})), because="Because.", **says)  # type: ignore[arg-type]
    return Policy(PolicyId(effect.value), "", "the data office", (made,))


def renamed(office: Office, **changes: object) -> Office:
    """The same office with other parts of its permitting."""
    return replace(office, permitting=replace(office.permitting, **changes))  # type: ignore[arg-type]
