"""Policies, applications and permits in the control store."""

from collections.abc import Sequence
from dataclasses import replace as changed
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, update

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import every, one, packed, replace, unpacked
from dataspace.adapters.store.quarantine import readable
from dataspace.adapters.store.tables import applications, calls, counters, deputies, permits, policies
from dataspace.errors import Conflict, InvalidRequest, UnknownName
from dataspace.model.names import ApplicationId, PermitId, PolicyId
from dataspace.model.permits import Application, Call, Deputy, Permit, SignedPermit
from dataspace.model.policies import Policy, PolicySet
from dataspace.policy.digest import amended, policy_set

NUMBERED = frozenset({"application", "permit", "call"})
_GENERATION = "policy-generation"


class _Snapshot(NamedTuple):
    """The policies in force at a generation; `last` is the number of the newest row that it knows."""

    generation: int
    last: int
    policies: PolicySet


class SqlPolicyStore:
    """`PolicyStore`. A snapshot is made anew only after a policy was published or withdrawn, by any process, and then
    from the one before and what changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: _Snapshot | None = None

    def publish(self, policy: Policy, source: str) -> None:
        row = {"id": policy.id, "body": packed(policy), "source": source, "in_force": True}

        def work(connection: Connection) -> None:
            _retire(connection, policy.id)
            connection.execute(insert(policies).values(row))
            _next(connection, _GENERATION)

        self._database.write(work)

    def current(self) -> PolicySet:
        with self._database.read() as connection:
            generation = _value(connection, _GENERATION)
            cached = self._cached
            if cached is not None and cached.generation == generation:
                return cached.policies
            self._cached = snapshot = _snapshot(connection, generation, cached)
        return snapshot.policies

    def withdraw(self, policy: PolicyId) -> None:
        """Raises UnknownName where no policy of that id is in force."""

        def work(connection: Connection) -> None:
            if not _retire(connection, policy):
                raise UnknownName("policy", policy)
            _next(connection, _GENERATION)

        self._database.write(work)

    def texts(self, policy: PolicyId) -> Sequence[str]:
        query = select(policies.c.source).where(policies.c.id == policy).order_by(policies.c.number)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())


class SqlPermitStore:
    """`PermitStore`. A permit that was revoked stays so, whatever is put later."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_number(self, kind: str) -> int:
        if kind not in NUMBERED:
            raise InvalidRequest(f"Nothing of the kind '{kind}' is numbered.", f"Use {sorted(NUMBERED)}.")
        return self._database.write(lambda connection: _next(connection, kind))

    def put_application(self, application: Application) -> None:
        def work(connection: Connection) -> None:
            body = packed(application)
            known = applications.c.id == application.id
            if not connection.execute(update(applications).where(known).values(body=body)).rowcount:
                connection.execute(insert(applications).values(id=application.id, body=body))

        self._database.write(work)

    def application(self, id: ApplicationId) -> Application | None:
        with self._database.read() as connection:
            return one(connection, Application, applications, "id", id)

    def applications(self) -> Sequence[Application]:
        with self._database.read() as connection:
            return every(connection, Application, applications, "number")

    def change_application(self, application: Application) -> None:
        """Raises Conflict where what is kept is not the revision before."""

        def work(connection: Connection) -> None:
            kept = one(connection, Application, applications, "id", application.id)
            if kept is None or kept.revision != application.revision - 1:
                raise Conflict(
                    f"{application.id} was changed meanwhile.",
                    "Read it again, then decide on what it says now.",
                )
            mine = update(applications).where(applications.c.id == application.id)
            connection.execute(mine.values(body=packed(application)))

        self._database.write(work)

    def put_permit(self, permit: SignedPermit) -> None:
        self._database.write(lambda connection: _put(connection, permit))

    def change_permit(self, before: SignedPermit, after: SignedPermit) -> None:
        """Raises Conflict where what is kept is not `before`."""
        id = before.permit.id

        def work(connection: Connection) -> None:
            row = connection.execute(select(permits).where(permits.c.id == id)).first()
            if row is None or _signed(row) != before:
                raise Conflict(f"{id} was changed meanwhile.", "Read it again, then decide.")
            _put(connection, after)

        self._database.write(work)

    def put_call(self, call: Call) -> None:
        self._database.write(lambda connection: replace(connection, calls, "id", _row(call.id, call)))

    def calls(self) -> Sequence[Call]:
        with self._database.read() as connection:
            return every(connection, Call, calls, "id")

    def put_deputy(self, deputy: Deputy) -> None:
        id = f"{deputy.since.isoformat()} {deputy.of} {deputy.deputy}"
        self._database.write(lambda connection: replace(connection, deputies, "id", _row(id, deputy)))

    def deputies(self) -> Sequence[Deputy]:
        with self._database.read() as connection:
            return every(connection, Deputy, deputies, "id")

    def permit(self, id: PermitId) -> SignedPermit | None:
        with self._database.read() as connection:
            row = connection.execute(select(permits).where(permits.c.id == id)).first()
        return None if row is None else _signed(row)

    def permits(self) -> Sequence[SignedPermit]:
        with self._database.read() as connection:
            return [_signed(row) for row in connection.execute(select(permits).order_by(permits.c.number))]

    def revoke(self, id: PermitId, at: datetime) -> None:
        """The earliest revocation counts. Raises UnknownName where there is no such permit."""

        def work(connection: Connection) -> None:
            if connection.execute(select(permits.c.id).where(permits.c.id == id)).first() is None:
                raise UnknownName("permit", id)
            _revoke(connection, id, at)

        self._database.write(work)


def _snapshot(connection: Connection, generation: int, before: _Snapshot | None) -> _Snapshot:
    """Publishing adds a row and counts one generation, withdrawing only counts: so the rows that are new tell whether
    anything was withdrawn, and only then are the names of all that are in force read."""
    if before is None or generation < before.generation:
        wanted = select(policies.c.id, policies.c.body).where(policies.c.in_force)
        rows = connection.execute(wanted).all()
        last = connection.execute(select(func.max(policies.c.number))).scalar() or 0
        return _Snapshot(generation, last, policy_set(readable(row.id, row.body) for row in rows))
    fresh = select(policies.c.id, policies.c.number, policies.c.in_force, policies.c.body).where(
        policies.c.number > before.last
    )
    new = connection.execute(fresh).all()
    gone: set[PolicyId] = set()
    if len(new) != generation - before.generation:
        names = set(connection.execute(select(policies.c.id).where(policies.c.in_force)).scalars())
        gone = {policy.id for policy in before.policies.policies} - names
    come = [readable(row.id, row.body) for row in new if row.in_force]
    last = max((row.number for row in new), default=before.last)
    return _Snapshot(generation, last, amended(before.policies, come, gone))


def _signed(row: Row[tuple[object, ...]]) -> SignedPermit:
    revoked = None if row.revoked is None else datetime.fromisoformat(row.revoked)
    return SignedPermit(changed(unpacked(Permit, row.body), revoked=revoked), row.jws)


def _put(connection: Connection, permit: SignedPermit) -> None:
    inner = permit.permit
    row = {"jws": permit.jws, "body": packed(inner)}
    if not connection.execute(update(permits).where(permits.c.id == inner.id).values(row)).rowcount:
        connection.execute(insert(permits).values(id=inner.id, **row))
    if inner.revoked is not None:
        _revoke(connection, inner.id, inner.revoked)


def _row(id: str, noun: Call | Deputy) -> dict[str, object]:
    return {"id": id, "body": packed(noun)}


def _revoke(connection: Connection, id: PermitId, at: datetime) -> None:
    known = connection.execute(select(permits.c.revoked).where(permits.c.id == id)).scalar()
    if known is None or at < datetime.fromisoformat(known):
        connection.execute(update(permits).where(permits.c.id == id).values(revoked=at.isoformat()))


def _retire(connection: Connection, policy: PolicyId) -> int:
    """Take what is in force under this id out of force; how many rows that was, 0 or 1."""
    mine = (policies.c.id == policy) & policies.c.in_force
    return connection.execute(update(policies).where(mine).values(in_force=False)).rowcount


def _value(connection: Connection, counter: str) -> int:
    query = select(func.max(counters.c.value)).where(counters.c.name == counter)
    return connection.execute(query).scalar() or 0


def _next(connection: Connection, counter: str) -> int:
    number = _value(connection, counter) + 1
    if number == 1:
        connection.execute(insert(counters).values(name=counter, value=1))
    else:
        connection.execute(update(counters).where(counters.c.name == counter).values(value=number))
    return number
