"""Temporary results as a way around: names that are taken, quotas, and rows that are no longer given.

What is hostile in a single statement stands in `statements/temporaries.sql`; here is what takes several.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.bootstrap import HubServices, add_person, build_hub, init_hub
from dataspace.client.answers import Answer
from dataspace.client.hub import Hub
from dataspace.connecting import embedded
from dataspace.errors import (
    Conflict,
    DataspaceError,
    RequestError,
    TemporaryGone,
    TemporaryTooLarge,
    UnknownName,
)
from dataspace.model.names import DatasetName
from dataspace.model.principals import Role
from dataspace.model.records import RecordKind
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD
from tests.attacks.conftest import POLICY, World, stays
from tests.attacks.test_gate import CUT, DATASET, STAYS, cut_of_rows, leaked

# ruff: noqa: S608 - questions are made of text

pytestmark = pytest.mark.slow


LATER = """
policy: later
title: Later
owner: the data steward of the hub
on: later
allow:
  - rule: rows
    for: service optimisation
    who: anyone
    answers: rows
    because: No persons.
"""


@dataclass(frozen=True)
class Here:
    """One hub, a folder beside it, and the people who ask it."""

    services: HubServices
    folder: Path
    hubs: dict[str, Hub]

    @property
    def steward(self) -> Hub:
        """Sam, who registers and grants."""
        return self.hubs["sam"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """One hub that keeps at most 4 temporary results with 4 MB in a session, its steward, and a folder."""
    folder = tmp_path_factory.mktemp("kept")
    settings = HubSettings(folder / "hub", port=0, temporaries=4, temporary_mb=4)
    init_hub(settings)
    people = {"sam": Role.STEWARD, "ana": Role.RESEARCHER, "ben": Role.RESEARCHER}
    for id, role in people.items():
        add_person(settings, id, id.title(), {role}, "University")
    services = build_hub(settings)
    hubs = {id: embedded(services, id, lambda: None) for id in people}
    steward = hubs["sam"]
    registered(steward, stays(folder / "stays.csv"))
    steward.publish_policy(POLICY)
    try:
        yield Here(services, folder, hubs)
    finally:
        for hub in hubs.values():
            hub.close()
        services.close()


def registered(steward: Hub, path: Path) -> None:
    """A version of the stays."""
    steward.register(path, "stays", title="Stays", synthetic=True, publish=True, fields=RECORD)


Ask = Callable[..., Answer]


@pytest.fixture
def ask(here: Here) -> Ask:
    """Asks as a researcher under a permit of this test alone."""
    permits: dict[str, str] = {}

    def asked(text: str, person: str = "ana", permit: str = "", **said: Any) -> Answer:
        hub = here.hubs[person]
        if person not in permits and not permit:
            wanted = hub.apply("stays", purpose=["service optimisation"], kinds=["rows"], ethics="24-1")
            permits[person] = str(here.steward.grant(wanted).id)
        return hub.sql(text, permit=permit or permits[person], **said)

    asked.permits = permits  # type: ignore[attr-defined]
    return asked


def test_what_is_kept_is_what_the_question_gives_and_can_be_asked_again(ask: Ask) -> None:
    made = ask(
        "CREATE TEMP TABLE long_ones AS SELECT id, los, name FROM stays WHERE los > ?", parameters=[40]
    )
    (row,) = made.to_pylist()
    found = ask("SELECT count(*) AS n, min(los) AS least, max(los) AS most, min(name) AS name FROM long_ones")
    assert row == {"temporary": "long_ones", "rows": found.to_pylist()[0]["n"]}
    assert found.to_pylist() == [{"n": row["rows"], "least": 41, "most": 50, "name": "shown"}]
    joined = ask("SELECT count(*) AS n FROM long_ones JOIN stays USING (id, los)")
    assert joined.to_pylist() == [{"n": row["rows"]}]
    assert ask("DROP TABLE long_ones").to_pylist() == [{"dropped": "long_ones", "rows": row["rows"]}]
    with pytest.raises(UnknownName):
        ask("SELECT * FROM long_ones")


def test_one_is_replaced_only_where_that_is_said_and_also_from_itself(ask: Ask) -> None:
    ask("CREATE TEMP TABLE mine AS SELECT id FROM stays")
    with pytest.raises(Conflict):
        ask("CREATE TEMP TABLE mine AS SELECT 1 AS one")
    ask("CREATE OR REPLACE TEMP TABLE mine AS SELECT count(*) AS n FROM mine")
    assert ask("SELECT * FROM mine").to_pylist() == [{"n": 270}]


def test_a_dataset_cannot_be_shadowed_whichever_came_first(here: Here, ask: Ask) -> None:
    steward, folder = here.steward, here.folder
    for name in ("stays", "STAYS", '"stays"', '"Stays"'):
        with pytest.raises(Conflict):
            ask(f"CREATE TEMP TABLE {name} AS SELECT 1 AS id")
    ask("CREATE TEMP TABLE later AS SELECT 1 AS mine")
    assert ask("SELECT * FROM later").to_pylist() == [{"mine": 1}]
    (folder / "later.csv").write_text("theirs\n2\n3\n")
    steward.register(
        folder / "later.csv", "later", title="Later", synthetic=True, publish=True, fields=RECORD
    )
    steward.publish_policy(LATER)
    found = ask("SELECT * FROM later", purpose="service optimisation")
    assert found.to_pylist() == [{"theirs": 2}, {"theirs": 3}]


def test_names_of_functions_macros_and_keywords_are_only_names(ask: Ask) -> None:
    for name in ("abs", "range", "unnest", '"select"', "data", "cut0", "memory", "temp", "system"):
        ask(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT count(*) AS n FROM stays")
        assert ask(f"SELECT n, abs(-n) AS m FROM {name}, range(1)").to_pylist() == [{"n": 270, "m": 270}]
        ask(f"DROP TABLE {name}")


def test_a_dataset_that_one_may_not_know_of_is_no_obstacle_and_is_not_told(world: World) -> None:
    """`payroll` is there. Whoever may not know of it finds its name free, and reads their own rows by it."""
    for name in ("payroll", "nothing"):
        made = world.hub.sql(f"CREATE TEMP TABLE {name} AS SELECT 7 AS mine", permit=world.permit)
        assert made.to_pylist() == [{"temporary": name, "rows": 1}]
        found = world.hub.sql(f"SELECT * FROM {name}", permit=world.permit)
        assert found.to_pylist() == [{"mine": 7}]
        world.hub.sql(f"DROP TABLE {name}", permit=world.permit)


def test_ten_thousand_are_refused_after_the_fourth(ask: Ask) -> None:
    for i in range(4):
        ask(f"CREATE TEMP TABLE t{i} AS SELECT {i} AS i")
    for i in range(4, 60):
        with pytest.raises(Conflict, match="4 temporary results"):
            ask(f"CREATE TEMP TABLE t{i} AS SELECT 1")
    ask("CREATE OR REPLACE TEMP TABLE t0 AS SELECT 9 AS i")
    ask("DROP TABLE t3")
    ask("CREATE TEMP TABLE t4 AS SELECT 4 AS i")
    total = ask("SELECT t0.i + t1.i + t2.i + t4.i AS i FROM t0, t1, t2, t4")
    assert total.to_pylist() == [{"i": 16}]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT range AS a, range AS b FROM range(1000000)",
        "SELECT a.*, b.* FROM stays a, stays b",
        "WITH RECURSIVE r AS (SELECT 0 AS s, 'x' AS x UNION ALL SELECT s + 1, x || x FROM r WHERE s < 23) FROM r",
        f"SELECT 1 AS {'a' * 300}",
        "SELECT " + ", ".join(f"1 AS c{i}" for i in range(999)) + ", * FROM stays LIMIT 1",
    ],
)
def test_what_does_not_fit_is_not_kept_and_nothing_else_is_lost(ask: Ask, question: str) -> None:
    ask("CREATE TEMP TABLE small AS SELECT 1 AS one")
    with pytest.raises((TemporaryTooLarge, RequestError)):
        ask(f"CREATE TEMP TABLE bomb AS {question}")
    with pytest.raises((TemporaryTooLarge, RequestError)):
        ask(f"CREATE OR REPLACE TEMP TABLE small AS {question}")
    assert ask("SELECT * FROM small").to_pylist() == [{"one": 1}]


def test_many_that_fit_one_by_one_do_not_fit_together(ask: Ask) -> None:
    ask("CREATE TEMP TABLE a AS SELECT range AS i FROM range(200000)")
    ask("CREATE TEMP TABLE b AS SELECT range AS i FROM range(200000)")
    with pytest.raises(TemporaryTooLarge):
        ask("CREATE TEMP TABLE c AS SELECT range AS i FROM range(200000)")
    ask("DROP TABLE a")
    ask("CREATE TEMP TABLE c AS SELECT range AS i FROM range(200000)")
    assert ask("SELECT count(*) AS n FROM b, c WHERE b.i = c.i").to_pylist() == [{"n": 200_000}]


def test_a_question_that_fails_loses_nothing(ask: Ask) -> None:
    ask("CREATE TEMP TABLE mine AS SELECT * FROM stays")
    for text in (
        "SELECT CAST(note AS INTEGER) FROM mine",
        "CREATE OR REPLACE TEMP TABLE mine AS SELECT CAST(note AS INTEGER) FROM mine",
    ):
        with pytest.raises(DataspaceError, match="No answer"):
            ask(text)
    assert len(ask("SELECT * FROM mine")) == 270


def test_nobody_reads_what_another_keeps_nor_oneself_under_another_permit(here: Here, ask: Ask) -> None:
    ask("CREATE TEMP TABLE mine AS SELECT * FROM stays")
    for person in ("ben",):
        with pytest.raises(UnknownName):
            ask("SELECT * FROM mine", person)
    with pytest.raises(UnknownName):
        ask("SELECT * FROM mine", "ben", permit=ask.permits["ana"])  # type: ignore[attr-defined]
    other = here.hubs["ana"]
    wanted = other.apply("stays", purpose=["service optimisation"], kinds=["rows"], ethics="24-1")
    second = str(here.steward.grant(wanted).id)
    with pytest.raises(UnknownName):
        ask("SELECT * FROM mine", permit=second)
    with pytest.raises(UnknownName):
        other.sql("SELECT * FROM mine", kind="rows")


def test_a_revoked_permit_ends_what_was_made_under_it_also_by_way_of_others(here: Here, ask: Ask) -> None:
    ask("CREATE TEMP TABLE first_one AS SELECT * FROM stays")
    ask("CREATE TEMP TABLE second_one AS SELECT count(*) AS n FROM first_one")
    here.steward.revoke(ask.permits["ana"], "over")  # type: ignore[attr-defined]
    for name in ("first_one", "second_one"):
        with pytest.raises(DataspaceError) as told:
            ask(f"SELECT * FROM {name}")
        assert "270" not in str(told.value)


def test_what_is_given_otherwise_by_now_is_gone(here: Here, ask: Ask) -> None:
    """Whether a policy changed, the data did, or the cut was only dropped: it says so, and what to do."""
    steward, folder = here.steward, here.folder
    again = folder / "again.csv"
    again.write_text(
        stays(folder / "stays.csv").read_text() + "300,w0,5,note,MASKED-NAME-300,WITHHELD-SSN-300\n"
    )
    changes: list[Callable[[], object]] = [
        lambda: steward.publish_policy(POLICY.replace("los <= 50", "los <= 49")),
        lambda: registered(steward, again),
        lambda: here.services.asking.answering.cuts.drop(DatasetName("stays")),
    ]
    for change in changes:
        ask("CREATE OR REPLACE TEMP TABLE mine AS SELECT * FROM stays")
        ask("CREATE OR REPLACE TEMP TABLE other AS SELECT los FROM mine")
        change()
        for name in ("mine", "other"):
            with pytest.raises(TemporaryGone, match="CREATE OR REPLACE"):
                ask(f"SELECT max(los) FROM {name}")
    ask("CREATE OR REPLACE TEMP TABLE mine AS SELECT * FROM stays")
    assert ask("SELECT max(los) AS most FROM mine").to_pylist() == [{"most": 49}]
    steward.publish_policy(POLICY)
    registered(steward, folder / "stays.csv")


def test_a_limit_on_rows_holds_for_what_leaves(here: Here, ask: Ask) -> None:
    steward = here.steward
    steward.publish_policy(POLICY.replace("limits: {", "limits: {maximum rows: 10, "))
    try:
        made = ask("CREATE TEMP TABLE mine AS SELECT id FROM stays")
        assert made.to_pylist()[0]["rows"] > 10, "nothing has left"
        kept = ask("SELECT * FROM mine")
        assert len(kept) == 10
        assert kept.note.maximum_rows == 10
    finally:
        steward.publish_policy(POLICY)


def test_each_is_on_record_with_what_it_came_from(here: Here, ask: Ask) -> None:
    made = ask("CREATE TEMP TABLE mine AS SELECT los FROM stays")
    asked = ask("SELECT sum(los) AS s FROM mine")
    ask("DROP TABLE mine")
    log = here.services.log
    records = [record for _, record in log.records(log.size() - 6)]
    assert [record.kind for record in records] == [RecordKind.QUERY_INTENDED, RecordKind.QUERY_DELIVERED] * 3
    first, kept, second, told, drops, dropped = (json.loads(json.dumps(dict(r.facts))) for r in records)
    assert first["keeps"] == "mine"
    assert (kept["rows"], kept["kept"], kept["outcome"]) == (0, 270, "complete")
    assert second["temporaries"] == {"mine": made.note.intent}
    assert second["datasets"] == first["datasets"] == list(asked.note.datasets)
    assert second["requests"][0]["columns"] == ["los"]
    assert told["rows"] == 1
    assert (drops["drops"], dropped["dropped"]) == ("mine", 270)


def test_a_name_in_with_hides_no_dataset_from_the_decision(ask: Ask) -> None:
    """The worker has the dataset by then: a text that seems to name none must not read it without a decision."""
    assert len(ask("SELECT * FROM stays")) == 270
    for text in (
        "SELECT stays.* FROM stays, (WITH stays AS (SELECT 1 AS one) SELECT one FROM stays) s",
        "WITH stays AS (SELECT * FROM stays) SELECT * FROM stays",
        "(WITH stays AS (SELECT 5 AS id) SELECT id FROM stays) UNION ALL SELECT id FROM stays",
    ):
        found = ask(text)
        assert [name.partition("@")[0] for name in found.note.datasets] == ["stays"], text
        assert not leaked(text, json.dumps(found.to_pylist(), default=str))


def test_no_other_kind_of_answer_is_given_over_them(ask: Ask) -> None:
    ask("CREATE TEMP TABLE mine AS SELECT * FROM stays")
    for said in ({"kind": "aggregate"}, {"kind": "noisy", "epsilon": 0.1}, {"epsilon": 0.1}):
        for text in ("SELECT count(*) FROM mine", "CREATE TEMP TABLE other AS SELECT count(*) FROM stays"):
            with pytest.raises(RequestError, match="temporary"):
                ask(text, **said)


def test_in_the_worker_itself_a_dataset_takes_the_place_of_a_temporary_result() -> None:
    """Were the gateway mistaken: a worker reads the dataset, and keeps nothing under its name."""
    reader = DuckdbReader()
    tree = reader.gate("SELECT 1 AS mine", {})[0].tree
    bench = Bench([], [], "256MiB", 1)
    assert bench.keep("stays", tree, 1 << 20) is not None
    bench.add([{"cut": CUT, "dataset": "stays"}], [cut_of_rows()])
    asked = reader.gate("SELECT * FROM stays", {STAYS: DATASET})[0].tree
    _, *batches = bench.stream(asked, None)
    assert sum(batch.num_rows for batch in batches) == 300
    with pytest.raises(ValueError, match="this name"):
        bench.keep("stays", tree, 1 << 20)
    reader.close()
