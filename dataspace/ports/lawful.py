"""What policies and permits need from the world."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from dataspace.model.names import ApplicationId, PermitId, PolicyId
from dataspace.model.permits import Application, Call, Deputy, Permit, PermitStatus, SignedPermit
from dataspace.model.policies import Policy, PolicySet
from dataspace.model.publishing import Proposal


class PolicyStore(Protocol):
    """Policies in force. A snapshot is immutable: one for each request."""

    def publish(self, policy: Policy, source: str) -> None:
        """Put a policy in force, replacing the one of the same id; keeps the older text."""
        ...

    def current(self) -> PolicySet: ...
    def withdraw(self, policy: PolicyId) -> None: ...
    def texts(self, policy: PolicyId) -> Sequence[str]:
        """Every text that was published under the id, oldest first; empty where none was."""
        ...


class Proposals(Protocol):
    """Policies that wait for a second steward, at most one for each id."""

    def put(self, proposal: Proposal) -> None:
        """Keep it, in place of an earlier one for the same policy."""
        ...

    def get(self, policy: PolicyId) -> Proposal | None: ...
    def all(self) -> Sequence[Proposal]:
        """Oldest first."""
        ...

    def remove(self, policy: PolicyId) -> None:
        """Of one that is not there, nothing is done."""
        ...


class PermitStore(Protocol):
    """Applications and permits, durable before they are acknowledged."""

    def next_number(self, kind: str) -> int:
        """1, 2, 3, … for `application` and `permit`, never handed out twice, also by two processes."""
        ...

    def put_application(self, application: Application) -> None: ...
    def application(self, id: ApplicationId) -> Application | None: ...
    def applications(self) -> Sequence[Application]: ...
    def change_application(self, application: Application) -> None:
        """Put it in place of the revision before it; Conflict where another change came first, by any process."""
        ...

    def put_permit(self, permit: SignedPermit) -> None: ...
    def permit(self, id: PermitId) -> SignedPermit | None: ...
    def permits(self) -> Sequence[SignedPermit]: ...
    def revoke(self, id: PermitId, at: datetime) -> None: ...
    def change_permit(self, before: SignedPermit, after: SignedPermit) -> None:
        """Put `after` in place of exactly `before`; Conflict where another change came first, by any process."""
        ...

    def put_call(self, call: Call) -> None: ...
    def calls(self) -> Sequence[Call]: ...
    def put_deputy(self, deputy: Deputy) -> None:
        """Name one, or end one early by a new `until`; none is ever forgotten."""
        ...

    def deputies(self) -> Sequence[Deputy]: ...


class PermitSeal(Protocol):
    """Permits as JWS and status lists, signed by this hub or verified against the pinned issuers."""

    def sign(self, permit: Permit) -> str: ...
    def verify(self, jws: str) -> Permit:
        """The permit inside, if a pinned issuer signed it with the one allowed algorithm; else VerificationFailed."""
        ...

    def sign_status(self, status: PermitStatus) -> str: ...
    def verify_status(self, jws: str) -> PermitStatus: ...


class OptOutLists(Protocol):
    """Lists of persons who opted out or objected. As confidential as the data."""

    def put(self, persons: Iterable[str]) -> str:
        """Keep a list durably; its digest, which is salted."""
        ...

    def persons(self, digest: str) -> frozenset[str]:
        """Raises SetupError where the list is not there, or is not what was put."""
        ...
