"""Rehearse a policy on what was asked before: the recorded requests, decided again with the new text in its place."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dataspace.errors import InvalidRequest
from dataspace.model.datasets import VersionRef
from dataspace.model.names import DatasetName, PermitId, PolicyId, PrincipalId
from dataspace.model.permits import Permit
from dataspace.model.policies import AnswerKind, Operand, Policy, PolicySet
from dataspace.model.principals import Fact, Principal, Role
from dataspace.model.records import JSON, Record, RecordKind
from dataspace.model.replays import Affected, Effectuation, Replay
from dataspace.model.requests import AccessRequest
from dataspace.policy.digest import policy_set
from dataspace.policy.replay import change
from dataspace.ports import Catalog, Clock, Log, PolicyStore
from dataspace.service.access_requests import ACTIONS
from dataspace.service.permitting import require

MONTH = timedelta(days=30)
_ASKED = frozenset({RecordKind.QUERY_INTENDED, RecordKind.QUERY_REFUSED, RecordKind.RUN_INTENDED})
_ENDED = frozenset({RecordKind.QUERY_DELIVERED, RecordKind.RUN_FINISHED})
_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}


def period(text: str) -> timedelta:
    """`30d`, `12h` or `4w`; raises InvalidRequest for anything else, for nothing and for more than ten years."""
    found = re.fullmatch(r"([0-9]{1,5})([hdw])", text.strip(), re.ASCII)
    length = timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else timedelta()
    if not timedelta() < length <= timedelta(days=3660):
        raise InvalidRequest(f"'{text[:20]}' is no period.", "Write it as 30d, 12h or 4w.")
    return length


@dataclass(slots=True)
class _Asked:
    """One recorded request, and what it was given."""

    request: AccessRequest
    at: datetime
    rows: int = 0
    cells: int = 0


@dataclass(slots=True)
class _Tally:
    """What the requests come to, one by one."""

    requests: int = 0
    lines: dict[tuple[object, ...], Affected] = field(default_factory=dict)
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    touched: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsing:
    """The same at the hub and at a site. `person` and `permit` look up what a record names; None where unknown here."""

    catalog: Catalog
    policies: PolicyStore
    log: Log
    clock: Clock
    read: Callable[[str], Policy]
    person: Callable[[PrincipalId], Principal | None]
    permit: Callable[[PermitId], Permit | None]

    def rehearse(self, steward: Principal, text: str, since: timedelta = MONTH) -> Replay:
        """What the policy would have changed. Nothing is read but records, nothing recorded, nothing put in force.

        Raises PolicyUnreadable, and NotAllowed for all but stewards: the result names who asked what.
        """
        require(steward, Role.STEWARD)
        policy = self.read(text)
        return self.replay(policy.id, policy, hashlib.sha256(text.encode()).hexdigest(), since)

    def replay(self, id: PolicyId, policy: Policy | None, digest: str, since: timedelta) -> Replay:
        """The same for a policy that was read already; None is its withdrawal."""
        now, before = self.clock.now(), self.policies.current()
        rest = [kept for kept in before.policies if kept.id != id]
        after = policy_set([*rest, policy] if policy else rest)
        left_out: Counter[str] = Counter()
        tally = _Tally()
        for asked in self._asked(now - since, left_out):
            self._count(tally, asked, before, after)
        order = list(Effectuation)
        lines = sorted(
            tally.lines.values(), key=lambda x: (order.index(x.effect), -x.times, x.principal, x.dataset)
        )
        return Replay(
            policy=id,
            digest=digest,
            since=now - since,
            until=now,
            requests=tally.requests,
            unchanged=tally.requests - tally.touched,
            affected=tuple(lines),
            smallest_before=min(tally.before, default=None),
            smallest_after=min(tally.after, default=None),
            left_out=dict(sorted(left_out.items())),
        )

    def _count(self, tally: _Tally, asked: _Asked, before: PolicySet, after: PolicySet) -> None:
        request = asked.request
        found = change(request, asked.at, before, after)
        tally.requests += 1
        tally.before += [found.group_before] if found.group_before is not None else []
        tally.after += [found.group_after] if found.group_after is not None else []
        if found.effect is None:
            return
        tally.touched += 1
        rows = self._rows(request.dataset) if found.effect is Effectuation.GAINS else asked.rows
        line = Affected(
            principal=request.principal.id,
            dataset=request.dataset.dataset,
            kind=request.kind,
            purpose=request.purpose,
            permit=request.permit.id if request.permit else "",
            effect=found.effect,
            times=1,
            rows=rows,
            cells=asked.cells,
            because=found.because,
        )
        key = (line.principal, line.dataset, line.kind, line.purpose, line.permit, line.effect, line.because)
        known = tally.lines.get(key)
        if known is not None:
            together = max(rows, known.rows) if line.effect is Effectuation.GAINS else rows + known.rows
            line = replace(line, times=known.times + 1, rows=together, cells=known.cells + line.cells)
        tally.lines[key] = line

    def _rows(self, ref: VersionRef) -> int:
        version = self.catalog.version(ref)
        return version.rows if version else 0

    def _asked(self, start: datetime, left_out: Counter[str]) -> Iterator[_Asked]:
        """The requests since then; each with what the record of its end says it was given."""
        found: dict[int, list[_Asked]] = {}
        for index, record in self.log.records():
            if record.kind in _ENDED:
                _close(found.get(_number(record.facts.get("intent"), -1), []), record)
            if record.kind in _ASKED and record.at >= start:
                found[index] = [
                    asked for facts in _requests(record) if (asked := self._again(record, facts, left_out))
                ]
        for several in found.values():
            yield from several

    def _again(self, record: Record, facts: Mapping[str, JSON], left_out: Counter[str]) -> _Asked | None:
        """The request as it was made. What cannot be made again is counted, never guessed."""
        name = str(facts.get("dataset", ""))
        dataset = self.catalog.get(DatasetName(name))
        try:
            kind = AnswerKind(str(facts.get("kind", "")))
        except ValueError:
            kind = None
        if dataset is None or kind is None or record.principal is None:
            left_out[
                "the dataset is not here any more" if name else "the record does not say what was asked"
            ] += 1
            return None
        wanted = {str(column) for column in _several(facts.get("columns"))}
        columns = tuple(column for column in dataset.columns if column.name in wanted)
        if len(columns) < len(wanted):
            left_out["a column is not there any more"] += 1
            return None
        number = str(facts.get("permit", ""))
        permit = self.permit(PermitId(number)) if number else None
        if number and permit is None:
            left_out["the permit is not known here"] += 1
            return None
        if permit is not None and permit.revoked is not None and record.at < permit.revoked:
            permit = replace(permit, revoked=None)  # it stood when the question was asked
        request = AccessRequest(
            principal=self._asker(record, facts),
            action=ACTIONS[kind],
            purpose=str(facts.get("purpose", "")),
            dataset=VersionRef(dataset.name, str(facts.get("version", "latest"))),
            columns=columns,
            kind=kind,
            permit=permit,
            site=record.site,
            facts=_facts(facts.get("facts")),
            relayed=facts.get("relayed") is True,
        )
        return _Asked(request, record.at)

    def _asker(self, record: Record, facts: Mapping[str, JSON]) -> Principal:
        """With the roles of that moment where the record has them; else those of today."""
        id = PrincipalId(str(record.principal))
        if "roles" not in facts:
            return self.person(id) or Principal(id, "", frozenset({Role.RESEARCHER}))
        known = {role.value for role in Role}
        roles = frozenset(Role(str(role)) for role in _several(facts["roles"]) if role in known)
        return Principal(id, "", roles)


def _requests(record: Record) -> Sequence[Mapping[str, JSON]]:
    """One for each dataset: a question for rows may touch several."""
    several = record.facts.get("requests")
    if isinstance(several, Sequence) and not isinstance(several, str):
        return [facts for facts in several if isinstance(facts, Mapping)]
    return [record.facts]


def _close(several: Sequence[_Asked], record: Record) -> None:
    for asked in several:
        asked.rows += _number(record.facts.get("rows"), 0)
        asked.cells += _number(record.facts.get("cells"), 0)


def _facts(said: JSON) -> dict[Operand, Fact]:
    known = {operand.value: operand for operand in Operand}
    members = said if isinstance(said, Mapping) else {}
    return {
        known[name]: Fact(
            tuple(str(v) for v in value) if isinstance(value, list | tuple) else str(value), "the log"
        )
        for name, value in members.items()
        if name in known
    }


def _several(value: JSON) -> Sequence[JSON]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _number(value: JSON, otherwise: int) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else otherwise
