"""Charges for what is let out beside answers: noised updates of a training, metrics of a model, noisy profiles.

Reserve, run, commit: what runs inside `charged` has its budget set aside, and counts as spent however it ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dataspace.errors import BudgetExceeded, Conflict, InvalidRequest, SourceAway, SourceChanged
from dataspace.model.charges import (
    Account,
    Charge,
    ChargeKind,
    Limits,
    Overspent,
    PrivacyEvent,
    Reservation,
)
from dataspace.model.datasets import Dataset
from dataspace.model.policies import Obligations
from dataspace.model.requests import AccessRequest
from dataspace.planning.projects import project_of
from dataspace.ports import Ledger
from dataspace.privacy.purses import epsilon_of

TRAINING_EPSILON = 3.0
"""What a permit may spend on training where neither it nor a policy says: at `Limits.delta`."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is to be let out, with the mechanisms that make it private, as they protect a person.

    Where noise protects one example, `privacy.accounting.of_person` turns its event into the person's first.
    """

    kind: ChargeKind
    what: str
    """Which one, in words that tell nothing of the data: `run R-7 round 3`. It stands in the ledger."""
    events: tuple[PrivacyEvent, ...]


class Held:
    """A reserved charge; `ran` says what really ran, where that is not what was reserved."""

    def __init__(self, charge: Charge) -> None:
        self.charge = charge

    def ran(self, *events: PrivacyEvent) -> None:
        """The parameters that really applied (fewer steps, another q or σ). Raises InvalidRequest for none."""
        self.charge = replace(
            self.charge, events=events, epsilon=epsilon_of(events, Limits().delta), delta=_delta(events)
        )


@contextmanager
def charged(
    ledger: Ledger,
    request: AccessRequest,
    dataset: Dataset,
    obligations: Obligations,
    release: Release,
    key: str,
) -> Iterator[Held]:
    """Set the charge aside, let what stands in the `with` run, then commit what really ran.

    `key` is one of its own for each release (`run/round/site`): one that comes back was paid and released, so Conflict
    is raised instead of drawing noise anew for nothing. Raises BudgetExceeded where a limit binds. Whatever is raised
    inside leaves the charge standing; only rows that could not be read at all (SourceAway, SourceChanged) give it back.
    """
    charge = charge_of(request, release)
    account = Account(dataset.name, dataset.privacy_unit)
    reserved = ledger.reserve(account, charge, key, limits_of_release(release.kind, obligations))
    match reserved:
        case Overspent():
            raise BudgetExceeded(reserved.asked, reserved.left, reserved.limited_by)
        case Reservation(repeated=True):
            raise Conflict("This was charged and released before.", "Give what was released then.")
    held = Held(charge)
    try:
        yield held
    except (SourceAway, SourceChanged):
        ledger.forfeit(reserved)
        raise
    ledger.commit(reserved, held.charge)


def charge_of(request: AccessRequest, release: Release) -> Charge:
    """The charge of a release, over the version that is read. Raises InvalidRequest for what cannot be accounted."""
    if release.kind is ChargeKind.QUESTION:
        raise InvalidRequest(
            "Questions are charged with their answers.", "Name an update, metric or profile."
        )
    permit = request.permit
    return Charge(
        permit.id if permit else None,
        request.principal.id,
        release.what,
        release.events,
        epsilon_of(release.events, Limits().delta),
        _delta(release.events),
        project=project_of(permit),
        part=f"version:{request.dataset.sha256}",
        kind=release.kind,
    )


def limits_of_release(kind: ChargeKind, obligations: Obligations) -> Limits:
    """What a release is checked against: no single one has a limit, all of a permit together have."""
    total = obligations.epsilon_total
    training = kind in (ChargeKind.UPDATE, ChargeKind.METRIC)
    usual = TRAINING_EPSILON if training else Limits().permit
    return Limits(permit=usual if total is None else total)


def _delta(events: tuple[PrivacyEvent, ...]) -> float:
    return min(1 - 2**-53, sum(event.delta * event.times for event in events))
