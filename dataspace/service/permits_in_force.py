"""What becomes of a permit once it is granted: seen, suspended, amended, extended, taken back, closed.

Long, because every act on a permit stands here, each of them short.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dataspace.errors import (
    Conflict,
    InvalidRequest,
    NotAllowed,
    UnknownColumn,
    UnknownName,
    VerificationFailed,
)
from dataspace.model.names import DatasetName, PermitId
from dataspace.model.permits import Basis, Permit, PermitAct, PermitState, PermitStatus, SignedPermit
from dataspace.model.policies import Obligations
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.planning.deadlines import reminder_due
from dataspace.planning.permit_workflow import next_permit_state, permit_state, stand_ins
from dataspace.planning.tracks import limits_of_track
from dataspace.policy.compose import compose
from dataspace.ports import Catalog, Clock, PermitSeal, PermitStore, Sites
from dataspace.service.discovering import may_discover
from dataspace.service.enforcing import Enforcement
from dataspace.service.joining import site_principal
from dataspace.service.permit_documents import document_digest, holding, roster_digest, roster_of
from dataspace.service.reviewing import Reviewing

LONGEST_PERMIT = timedelta(days=3652)


def _nothing_held(_: Permit) -> None:
    """For a hub that holds no data of its own."""


def _nobody(_: Permit) -> None:
    """For a hub that sends no mail."""


@dataclass(frozen=True, slots=True)
class PermitsInForce:
    """The hub's own permits. Their basis is `contract`, and they say so, unless the operator declares another."""

    catalog: Catalog
    permits: PermitStore
    seal: PermitSeal
    clock: Clock
    enforcement: Enforcement
    issuer: str
    ended: Callable[[Permit], None] = _nothing_held
    """Called when a permit was taken back: closes what is held open for it."""
    sites: Sites | None = None
    """Who offers what; None where no site can ask for the permits that concern it."""
    reviewing: Reviewing | None = None
    bases: frozenset[Basis] = frozenset({Basis.CONTRACT})
    """What this hub may issue: an access body declares `ehds`, and nobody else."""
    ending: Callable[[Permit], None] = _nobody
    """Called when a permit has come 90, 30 or 7 days before its end, for whoever writes mails."""
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def revoke(self, steward: Principal, id: PermitId, reason: str) -> Permit:
        """Take a permit back; takes effect here at once and at sites with their next look at the status list."""
        require(steward, Role.STEWARD)
        with self._turn:
            signed = self._allowed(id, PermitAct.REVOKE)
            at = self.clock.now()
            self.enforcement.record(RecordKind.PERMIT_REVOKED, steward, {"permit": id, "reason": reason})
            self.permits.revoke(id, at)
        self.ended(signed.permit)
        return replace(signed.permit, revoked=at)

    def suspend(self, steward: Principal, id: PermitId, reason: str) -> Permit:
        """Let a permit rest, as fast as a revocation; `resume` ends that."""
        require(steward, Role.STEWARD)
        at = self.clock.now()
        permit = self._changed(
            steward, id, PermitAct.SUSPEND, RecordKind.PERMIT_SUSPENDED, reason, suspended=at
        )
        self.ended(permit)
        return permit

    def resume(self, steward: Principal, id: PermitId, reason: str) -> Permit:
        """End a suspension. By a steward whom the permit does not name."""
        self._independent(steward, id)
        return self._changed(steward, id, PermitAct.RESUME, RecordKind.PERMIT_RESUMED, reason, suspended=None)

    def extend(self, steward: Principal, id: PermitId, expires: datetime, reason: str) -> SignedPermit:
        """A later last day, once, and within ten years of the beginning: a new document under the same number."""
        self._independent(steward, id)

        def extended(permit: Permit) -> Permit:
            if permit.extended:
                raise Conflict(f"{id} was extended before, and that is possible once.", "Apply again.")
            if not permit.expires < expires <= permit.not_before + LONGEST_PERMIT:
                raise InvalidRequest(
                    "An extension ends later than the permit, at most 10 years after its beginning.",
                    "Choose another day.",
                )
            return replace(permit, expires=expires, extended=True, reminded=0)

        return self._reissued(steward, id, PermitAct.EXTEND, RecordKind.PERMIT_EXTENDED, reason, extended)

    def amend(self, steward: Principal, id: PermitId, conditions: Obligations, reason: str) -> SignedPermit:
        """Tighten the conditions of a permit. What widens one is a new application, with a review of its own."""
        self._independent(steward, id)
        known = self._known(id).permit
        self._check_columns(steward, [grant.dataset for grant in known.datasets], conditions)

        def amended(permit: Permit) -> Permit:
            floor = compose(permit.obligations, limits_of_track(permit.track).conditions)
            tighter = compose(floor, conditions)
            if looser := [name for name in _BOUNDS if _is_looser(conditions, tighter, name)]:
                raise InvalidRequest(
                    f"{id} is stricter already in {', '.join(looser)}: an amendment only tightens.",
                    "Leave that out; what widens a permit is a new application.",
                )
            return replace(permit, obligations=tighter)

        signed = self._reissued(steward, id, PermitAct.AMEND, RecordKind.PERMIT_AMENDED, reason, amended)
        self.ended(signed.permit)  # what was cut under the looser conditions goes
        return signed

    def _check_columns(
        self, steward: Principal, datasets: Sequence[DatasetName], conditions: Obligations
    ) -> None:
        """Raises UnknownColumn for a condition on a column that none of these datasets has: it would protect nothing.

        Only datasets that the steward may know of count, and are named.
        """
        named = sorted(conditions.withheld | conditions.masks.keys())
        if not named:
            return
        every = [self.catalog.get(name) for name in datasets]
        seen = [one for one in every if one is not None and may_discover(one, steward, self.enforcement)]
        known = [column.name for dataset in seen for column in dataset.columns]
        for name in named:
            if name not in known:
                raise UnknownColumn(name, [dataset.name for dataset in seen], known)

    def close(self, person: Principal, id: PermitId, results: str, deleted: bool) -> Permit:
        """The end: a named person says where the results are, and attests that what was held is deleted."""
        signed = self._known(id)
        if person.id not in signed.permit.persons:
            raise NotAllowed("Only a named person closes a permit: they attest the deletion.", "Ask one.")
        if not results.strip() or not deleted:
            raise InvalidRequest(
                "A closure says where the results are and attests the deletion.",
                "For example: --results https://doi.org/… --deleted.",
            )
        permit = self._changed(
            person,
            id,
            PermitAct.CLOSE,
            RecordKind.PERMIT_CLOSED,
            results,
            closed=self.clock.now(),
        )
        self.ended(permit)
        return permit

    def expire_due(self) -> Sequence[PermitId]:
        """Record what has expired since the last look, and end what is held for it. Nobody has to ask for that."""
        ended = []
        with self._turn:
            for signed in self.permits.permits():
                permit = signed.permit
                if permit.expiry_seen or permit_state(permit, self.clock.now()) is not PermitState.EXPIRED:
                    continue
                facts = {"permit": permit.id, "expires": permit.expires.isoformat()}
                self.enforcement.record(RecordKind.PERMIT_EXPIRED, None, facts)
                self.permits.change_permit(
                    signed, SignedPermit(replace(permit, expiry_seen=True), signed.jws)
                )
                ended.append(permit)
        for permit in ended:
            self.ended(permit)
        return [permit.id for permit in ended]

    def remind_due(self) -> Sequence[PermitId]:
        """Tell of permits that end soon, each time once; of a reminder that nobody was here for, the last one."""
        due, now = [], self.clock.now()
        with self._turn:
            for signed in self.permits.permits():
                permit = signed.permit
                days = reminder_due(permit, now)
                if not days or permit_state(permit, now) is not PermitState.ACTIVE:
                    continue
                reminded = replace(permit, reminded=days)
                self.permits.change_permit(signed, SignedPermit(reminded, signed.jws))
                due.append(reminded)
        for permit in due:
            self.ending(permit)
        return [permit.id for permit in due]

    def visible(self, principal: Principal) -> Sequence[SignedPermit]:
        """Stewards and auditors see all permits, a site those over what it offers; others those that name them."""
        every = self.permits.permits()
        if principal.roles & {Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR}:
            return every
        if Role.SITE in principal.roles:
            return [signed for signed in every if self._concerns(signed.permit, principal)]
        return [signed for signed in every if principal.id in signed.permit.persons]

    def status(self, nonce: str) -> str:
        """The signed list of permits that do not hold (any more), for one asker's nonce."""
        self.expire_due()
        sequence = (
            self.enforcement.log.size()
        )  # before the list is read: the list is never older than it says
        known = self.permits.permits()
        return self.seal.sign_status(
            PermitStatus(
                self.issuer,
                frozenset(s.permit.id for s in known if s.permit.revoked or s.permit.closed),
                nonce,
                self.clock.now(),
                suspended=frozenset(s.permit.id for s in known if s.permit.suspended),
                documents={s.permit.id: document_digest(s.jws) for s in known if s.permit.revision},
                sequence=sequence,
            )
        )

    def over(self, dataset: DatasetName) -> Sequence[Permit]:
        """All permits over a dataset."""
        return [
            signed.permit
            for signed in self.permits.permits()
            if any(grant.dataset == dataset for grant in signed.permit.datasets)
        ]

    def check_document(self, principal: Principal, jws: str) -> Permit:
        """Verify a signed permit; what does not hold is recorded with the reason, then refused."""
        try:
            permit = self.seal.verify(jws)
            kept = self.permits.permit(permit.id)
            if kept is None or kept.jws != jws:
                raise VerificationFailed(
                    f"This is not the document of {permit.id} that is in force.", "Ask for the permit again."
                )
        except VerificationFailed as error:
            facts = {"reason": error.fact, "document": document_digest(jws)}
            self.enforcement.record(RecordKind.PERMIT_DOCUMENT_REFUSED, principal, facts)
            raise
        return kept.permit

    def _changed(
        self,
        by: Principal,
        id: PermitId,
        act: PermitAct,
        kind: RecordKind,
        reason: str,
        **fields: datetime | None,
    ) -> Permit:
        with self._turn:
            signed = self._allowed(id, act)
            changed = SignedPermit(replace(signed.permit, **fields), signed.jws)  # type: ignore[arg-type]
            self.enforcement.record(kind, by, {"permit": id, "reason": reason})
            self.permits.change_permit(signed, changed)
            return changed.permit

    def _reissued(
        self,
        by: Principal,
        id: PermitId,
        act: PermitAct,
        kind: RecordKind,
        reason: str,
        change: Callable[[Permit], Permit],
    ) -> SignedPermit:
        """A new document under the same number. `change` is told the permit as it is when nobody else changes it."""
        with self._turn:
            signed = self._allowed(id, act)
            every = self.sites.all() if self.sites else ()
            known = signed.permit
            members = holding(every, [grant.dataset for grant in known.datasets], known.sites)
            permit = replace(
                change(known),
                revision=known.revision + 1,
                roster=roster_digest(roster_of(every, members)),
                roster_sites=members,
            )
            after = SignedPermit(permit, self.seal.sign(permit))
            facts: dict[str, JSON] = {
                "permit": id,
                "reason": reason,
                "revision": permit.revision,
                "expires": permit.expires.isoformat(),
                "document": document_digest(after.jws),
                "replaces": document_digest(signed.jws),
            }
            self.enforcement.record(kind, by, facts)
            self.permits.change_permit(signed, after)
            return after

    def _allowed(self, id: PermitId, act: PermitAct) -> SignedPermit:
        signed = self._known(id)
        state = permit_state(signed.permit, self.clock.now())
        if next_permit_state(state, act) is None:
            raise Conflict(
                f"{id} is {state.value}: it cannot be {_DONE[act]}.",
                f"`dataspace permit show {id}` says more.",
            )
        return signed

    def _known(self, id: PermitId) -> SignedPermit:
        signed = self.permits.permit(id)
        if signed is None:
            raise UnknownName("permit", id, [s.permit.id for s in self.permits.permits()])
        return signed

    def _independent(self, steward: Principal, id: PermitId) -> None:
        require(steward, Role.STEWARD)
        permit = self._known(id).permit
        others = stand_ins(steward.id, self.permits.deputies(), permit.not_before)
        if steward.id in permit.persons or others & permit.persons:
            raise NotAllowed(
                "Nobody decides on a permit that names them or whoever they stand in for.",
                "Ask another steward.",
            )

    def _concerns(self, permit: Permit, principal: Principal) -> bool:
        offered = {
            dataset
            for site in (self.sites.all() if self.sites else ())
            if site_principal(site.name) == principal.id and (not permit.sites or site.name in permit.sites)
            for dataset in site.datasets
        }
        return any(grant.dataset in offered for grant in permit.datasets)


_DONE = {
    PermitAct.AMEND: "amended",
    PermitAct.EXTEND: "extended",
    PermitAct.SUSPEND: "suspended",
    PermitAct.RESUME: "resumed",
    PermitAct.REVOKE: "revoked",
    PermitAct.CLOSE: "closed",
}


_BOUNDS = (
    "cohort",
    "epsilon_question",
    "epsilon_total",
    "maximum_rows",
    "minimum_sites",
    "minimum_units",
    "minimum_events",
    "retention_days",
    "round_to",
    "expires",
    "answer",
)
"""Conditions of which the stricter of two holds: one that says less than the permit would change nothing."""


def _is_looser(conditions: Obligations, tighter: Obligations, name: str) -> bool:
    said = getattr(conditions, name)
    return said is not None and getattr(tighter, name) != said


def require(principal: Principal, role: Role) -> None:
    """Raise NotAllowed unless the principal holds the role."""
    if role not in principal.roles:
        raise NotAllowed(f"Only a {role.value} may do this.", "Ask one, or sign in as one.")
