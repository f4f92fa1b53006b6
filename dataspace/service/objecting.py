"""Persons who are left out: opt-outs frozen into what is approved later, objections that act at once, everywhere.

What two moments could tell: before an objection an answer counted the person, after it not, and the difference is
that person. So a permit that was approved before the last objection gets no further `aggregate` or `train` answers
over the lineage: a rule that depends on no row, so that a refusal tells nothing beyond that somebody objected.
Noisy answers go on: what their difference tells is bounded by the ε that was paid for both.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.datasets import Dataset, OptOut
from dataspace.model.names import HUB, DatasetName, SiteName
from dataspace.model.permits import Permit
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.ports import Catalog, Cuts, OptOutLists
from dataspace.service.discovering import visible_dataset
from dataspace.service.enforcing import Enforcement
from dataspace.service.permit_documents import schema_digest
from dataspace.service.roles import require

MOST_PERSONS = 1_000_000
LONGEST = 200
_EXACT = frozenset({AnswerKind.AGGREGATE, AnswerKind.TRAIN})


def _no_permits(_: DatasetName) -> Sequence[Permit]:
    """For a house that grants none."""
    return ()


def _nothing_held(_: Permit) -> None:
    """For a house that holds nothing open for a permit."""


@dataclass(frozen=True, slots=True)
class Objecting:
    """The same at the hub and at every site, each for the rows that lie there."""

    catalog: Catalog
    enforcement: Enforcement
    lists: OptOutLists
    cuts: Cuts
    permits: Callable[[DatasetName], Sequence[Permit]] = _no_permits
    ended: Callable[[Permit], None] = _nothing_held

    def leave_out(
        self, steward: Principal, name: DatasetName, persons: Iterable[str], at_once: bool = False
    ) -> Dataset:
        """Add persons, by their value of the privacy unit. `at_once` for an objection or a withdrawn consent.

        Raises InvalidRequest for an empty list, or a dataset that names no column of the person.
        """
        require(steward, Role.STEWARD)
        dataset = visible_dataset(self.catalog, name, steward, self.enforcement)
        added = {person.strip() for person in persons} - {""}
        if dataset.privacy_unit is None:
            raise InvalidRequest(
                f"'{name}' names no column of the person: nobody can be found in it.",
                "Register it with a privacy unit.",
            )
        if not added or len(added) > MOST_PERSONS or max(map(len, added)) > LONGEST:
            raise InvalidRequest(
                f"A list names 1 to {MOST_PERSONS:,} persons, one a line.", "Look at the file."
            )
        before = [out.digest for out in dataset.opt_outs if out.objection is at_once]
        everybody = added | (self.lists.persons(before[-1]) if before else frozenset())
        digest = self.lists.put(everybody)
        facts: dict[str, JSON] = {
            "dataset": name,
            "list": digest,
            "persons": len(everybody),
            "added": len(added),
        }
        kind = RecordKind.CONSENT_WITHDRAWN if at_once else RecordKind.OPT_OUT_LISTED
        self.enforcement.record(kind, steward, facts)
        listed = OptOut(self.enforcement.clock.now(), digest, at_once)
        changed = replace(dataset, opt_outs=(*dataset.opt_outs, listed))
        self.catalog.put(changed)
        if at_once:  # what is held open goes now; whatever is asked next is cut anew
            self.cuts.drop(name)
            for permit in self.permits(name):
                self.ended(permit)
        return changed


def check_objections(dataset: Dataset, kind: AnswerKind, permit: Permit | None) -> None:
    """Raises Conflict where an exact answer could be compared with one from before an objection."""
    objected = dataset.objected
    if objected is None or kind not in _EXACT:
        return
    since = permit.not_before if permit else max((c.created for c in dataset.history), default=objected)
    if since <= objected:
        raise Conflict(
            f"After an objection, '{dataset.name}' gives no further {kind.value} answers to what was approved"
            " before it: the difference would tell about a person.",
            "Ask for noisy answers, or apply again.",
        )


def check_shape(dataset: Dataset, permit: Permit | None, site: SiteName) -> None:
    """Raises Conflict where columns came or changed since the permit was granted. The hub's description is meant."""
    if permit is None or site != HUB:
        return
    for grant in permit.datasets:
        if grant.dataset == dataset.name and grant.schema not in ("", schema_digest(dataset, grant.columns)):
            raise Conflict(
                f"The columns of '{dataset.name}' have changed since {permit.id} was granted.",
                "Apply for what it holds now.",
            )
