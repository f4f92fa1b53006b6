"""The airlock: files wait until people other than the asker have let them out, and leave with their record."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, Record, RecordKind
from dataspace.model.releases import Release, ReleaseForm, ReleaseState
from dataspace.planning.deadlines import add_working_days
from dataspace.ports import Airlock, Clock, Log
from dataspace.service.enforcing import Enforcement
from dataspace.service.notes import table_digest
from dataspace.service.roles import require

RELEASE_WORKING_DAYS = 2
PEOPLE = 2
"""Who have to let a file out; never the asker among them."""
LARGEST_BYTES = 512 << 10
PICKED = "Those whom the question picks."
"""Of whom an answer tells, where its asker does not say it in better words."""


_OUTCOMES = (RecordKind.QUERY_DELIVERED, RecordKind.RUN_FINISHED)
_INTENTS = (RecordKind.QUERY_INTENDED, RecordKind.RUN_INTENDED)


@dataclass(frozen=True, slots=True)
class Releasing:
    """Requests for release, from the asker to the file outside."""

    airlock: Airlock
    log: Log
    clock: Clock
    enforcement: Enforcement

    def ask(self, asker: Principal, outcome: int, content: bytes, form: ReleaseForm) -> Release:
        """Put an answer into the queue; it has to be the one that the record tells of, and the asker's own."""
        digest, rows = _digest(content)
        record = self._outcome(outcome)
        if record is None or record.principal != asker.id or record.facts.get("answer") != digest:
            raise InvalidRequest(
                "This is no answer of yours that is on record here.",
                "Hand in an answer as it came, unchanged.",
            )
        question = self._question(record)
        form = replace(form, population=form.population.strip() or (question and PICKED))
        _check(form)
        if len(form.units) != rows:
            raise InvalidRequest(
                f"The answer has {rows} rows, and {len(form.units)} counts of units.",
                "State the units behind each row: ask with count(*), or say units=[…].",
            )
        with self.airlock.turn():
            now = self.clock.now()
            made = Release(
                f"R-{len(self.airlock.all()) + 1}",
                asker.id,
                form,
                outcome,
                digest,
                now,
                add_working_days(now, RELEASE_WORKING_DAYS),
                question=question,
            )
            self.enforcement.record(RecordKind.RELEASE_ASKED, asker, _facts(made))
            self.airlock.put(made, content)
        return made

    def _question(self, outcome: Record) -> str:
        """As the intent has it that the outcome names."""
        intent = outcome.facts.get("intent")
        if not isinstance(intent, int) or not 0 <= intent < self.log.size():
            return ""
        ((_, record),) = self.log.records(intent, intent + 1)
        return str(record.facts.get("question") or "") if record.kind in _INTENTS else ""

    def queue(self, principal: Principal) -> Sequence[Release]:
        """What waits, oldest first, for stewards; for others, all that they asked for."""
        every = self.airlock.all()
        if Role.STEWARD in principal.roles:
            return [one for one in every if one.state is ReleaseState.WAITING or one.asker == principal.id]
        return [one for one in every if one.asker == principal.id]

    def approve(self, principal: Principal, id: str) -> Release:
        """Let it out, as one of two. Raises NotAllowed for the asker, and for the same person twice Conflict."""
        with self.airlock.turn():
            found = self._waiting(principal, id)
            if principal.id in found.approved_by:
                raise Conflict(f"You have approved {id} already.", "Another steward has to, too.")
            found = replace(found, approved_by=(*found.approved_by, principal.id))
            self.enforcement.record(RecordKind.RELEASE_APPROVED, principal, _facts(found))
            if len(found.approved_by) >= PEOPLE:
                # In the asker's name, so that the receipt is theirs to show; who let it out stands in the facts.
                out = Record(
                    RecordKind.ANSWER_RELEASED,
                    self.clock.now(),
                    self.enforcement.site,
                    found.asker,
                    _facts(found),
                )
                found = replace(found, state=ReleaseState.RELEASED, record=self.log.append(out))
            self.airlock.put(found)
        return found

    def refuse(self, principal: Principal, id: str, because: str) -> Release:
        """Keep it in, for a reason that the asker reads. One person is enough."""
        if not because.strip():
            raise InvalidRequest("A refusal needs a reason.", "Say what would have to change.")
        with self.airlock.turn():
            found = replace(
                self._waiting(principal, id),
                state=ReleaseState.REFUSED,
                refused_by=principal.id,
                because=because,
            )
            self.enforcement.record(RecordKind.RELEASE_REFUSED, principal, _facts(found))
            self.airlock.put(found)
        return found

    def content(self, principal: Principal, id: str) -> tuple[Release, bytes]:
        """The file: for stewards while it waits, for its asker once it is released."""
        found = self._visible(principal, id)
        if found.asker == principal.id and found.state is not ReleaseState.RELEASED:
            left = PEOPLE - len(found.approved_by)
            more = "One more person has" if left == 1 else f"{left} people have"
            waits = f"{more} to approve it, by {found.due:%Y-%m-%d}."
            raise Conflict(f"{id} is {found.state.value}.", found.because or waits)
        return found, self.airlock.content(id)

    def _waiting(self, principal: Principal, id: str) -> Release:
        require(principal, Role.STEWARD)
        found = self._visible(principal, id)
        if found.asker == principal.id:
            raise NotAllowed("Nobody releases what they asked for themselves.", "Ask another steward.")
        if found.state is not ReleaseState.WAITING:
            raise Conflict(f"{id} is {found.state.value} already.", "Ask for its release anew.")
        return found

    def _visible(self, principal: Principal, id: str) -> Release:
        found = self.airlock.get(id)
        if found is None or (found.asker != principal.id and Role.STEWARD not in principal.roles):
            raise UnknownName("release", id, tuple(one.id for one in self.queue(principal)))
        return found

    def _outcome(self, number: int) -> Record | None:
        if not 0 <= number < self.log.size():
            return None
        ((_, record),) = self.log.records(number, number + 1)
        return record if record.kind in _OUTCOMES else None


def _check(form: ReleaseForm) -> None:
    for name, text in (
        ("title", form.title),
        ("description", form.description),
        ("population", form.population),
    ):
        if not text.strip():
            raise InvalidRequest(
                f"The {name} is empty.", "Say it in a sentence: who decides reads nothing else."
            )


def _digest(content: bytes) -> tuple[str, int]:
    if len(content) > LARGEST_BYTES:
        raise InvalidRequest(
            f"The file has {len(content):,} bytes.", f"At most {LARGEST_BYTES:,} are looked at."
        )
    try:
        with pa.ipc.open_stream(io.BytesIO(content)) as reader:
            table = reader.read_all()
    except (pa.ArrowException, OSError) as error:
        raise InvalidRequest("The file is no answer.", "Hand in an answer as it came.") from error
    return table_digest(table), table.num_rows


def _facts(release: Release) -> dict[str, JSON]:
    """What a record says: names and digests; the texts are for who decides, not for strangers."""
    return {
        "release": release.id,
        "outcome": release.outcome,
        "answer": release.digest,
        "asker": release.asker,
        "approved": [str(person) for person in release.approved_by],
    }
