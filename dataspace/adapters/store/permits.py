"""Policies, applications and permits in the control store."""

from collections.abc import Sequence
from dataclasses import replace as changed
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select, update

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import every, one, packed, unpacked
from dataspace.adapters.store.tables import applications, counters, permits, policies
from dataspace.errors import InvalidRequest, UnknownName
from dataspace.model.names import ApplicationId, PermitId, PolicyId
from dataspace.model.permits import Application, Permit, SignedPermit
from dataspace.model.policies import Policy, PolicySet
from dataspace.policy.digest import policy_set

NUMBERED = frozenset({"application", "permit"})
_GENERATION = "policy-generation"


class SqlPolicyStore:
    """`PolicyStore`. A snapshot is read anew only after a policy was published or withdrawn, by any process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: tuple[int, PolicySet] | None = None

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
            if cached is not None and cached[0] == generation:
                return cached[1]
            bodies = connection.execute(select(policies.c.body).where(policies.c.in_force)).scalars()
            snapshot = policy_set(unpacked(Policy, body) for body in bodies)
        self._cached = (generation, snapshot)
        return snapshot

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

    def put_permit(self, permit: SignedPermit) -> None:
        inner = permit.permit

        def work(connection: Connection) -> None:
            row = {"jws": permit.jws, "body": packed(inner)}
            if not connection.execute(update(permits).where(permits.c.id == inner.id).values(row)).rowcount:
                connection.execute(insert(permits).values(id=inner.id, **row))
            if inner.revoked is not None:
                _revoke(connection, inner.id, inner.revoked)

        self._database.write(work)

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


def _signed(row: Row[tuple[object, ...]]) -> SignedPermit:
    revoked = None if row.revoked is None else datetime.fromisoformat(row.revoked)
    return SignedPermit(changed(unpacked(Permit, row.body), revoked=revoked), row.jws)


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
