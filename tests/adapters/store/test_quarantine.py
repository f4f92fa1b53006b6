"""A policy whose row was spoilt stops what it spoke of and nothing else; its name is told."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.store import Store, open_store
from dataspace.adapters.store.tables import policies
from dataspace.errors import SetupError
from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
from dataspace.model.decisions import Allow, Deny
from dataspace.model.names import ColumnName, DatasetName, PolicyId, PrincipalId, RuleId
from dataspace.model.policies import Action, AnswerKind, Effect, Policy, Rule, Target
from dataspace.model.principals import Principal
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide

STAYS, WARDS = DatasetName("stays"), DatasetName("wards")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def policy(id: str, target: Target) -> Policy:
    return Policy(PolicyId(id), "", "", (Rule(RuleId("all"), Effect.PERMIT, target),))


@contextmanager
def store_with(home: Path) -> Iterator[Store]:
    with open_store(home, ManualClock(), MemorySigner(bytes(range(32))), "hub/log") as store:
        yield store


def spoil(home: Path, id: str, body: str | None = None) -> None:
    """Change a row behind the store's back: an effect that no version knows, or the text given."""
    from dataspace.adapters.store.permits import SqlPolicyStore

    with store_with(home) as store:
        kept = store.policies
        assert isinstance(kept, SqlPolicyStore)
        with kept._database.read() as connection:
            text = connection.execute(select(policies.c.body).where(policies.c.id == id)).scalar_one()
        said = json.loads(text)
        said["rules"][0]["effect"] = "perhaps"
        changed = json.dumps(said) if body is None else body
        kept._database.write(
            lambda connection: connection.execute(
                update(policies).where(policies.c.id == id).values(body=changed)
            )
        )


def allowed(home: Path, name: DatasetName, *columns: Column) -> bool:
    asker = Principal(PrincipalId("ana"), "", frozenset())
    request = AccessRequest(
        asker, Action.AGGREGATE, "", VersionRef(name, "0" * 64), columns, AnswerKind.AGGREGATE
    )
    with store_with(home) as store:
        decision = decide(request, store.policies.current(), NOW)
    if isinstance(decision, Deny):
        assert decision.reasons
    return isinstance(decision, Allow)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with store_with(tmp_path) as store:
        store.policies.publish(policy("all", Target(everything=True)), "")
        store.policies.publish(policy("stays", Target(frozenset({STAYS}))), "")
        store.policies.publish(policy("secret", Target(labels=frozenset({Label.SPECIAL_CATEGORY}))), "")
    return tmp_path


def test_a_spoilt_policy_forbids_what_it_spoke_of_and_nothing_else(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert allowed(home, STAYS)
    spoil(home, "stays")
    with caplog.at_level(logging.ERROR):
        assert not allowed(home, STAYS)
    assert "'stays' in the store cannot be read" in caplog.text
    assert allowed(home, WARDS)
    with store_with(home) as store:
        titles = {p.id: p.title for p in store.policies.current().policies}
    assert titles[PolicyId("stays")] == "'stays' cannot be read: publish it again"


def test_one_over_a_label_stops_the_columns_that_carry_it(home: Path) -> None:
    spoil(home, "secret")
    los = Column(ColumnName("los"), ColumnType.INTEGER)
    hiv = Column(ColumnName("hiv"), ColumnType.INTEGER, labels=frozenset({Label.SPECIAL_CATEGORY}))
    assert allowed(home, WARDS, los)
    assert not allowed(home, WARDS, los, hiv)


def test_publishing_it_again_ends_that(home: Path) -> None:
    spoil(home, "stays")
    with store_with(home) as store:
        store.policies.publish(policy("stays", Target(frozenset({STAYS}))), "")
    assert allowed(home, STAYS)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"rules": []}',
        '{"rules": [{"target": {"datasets": "stays"}}]}',
        "[" * 9999,
    ],
)
def test_where_nobody_can_tell_what_it_spoke_of_nothing_is_decided(home: Path, body: str) -> None:
    spoil(home, "stays", body)
    with store_with(home) as store, pytest.raises(SetupError, match="'stays'"):
        store.policies.current()
