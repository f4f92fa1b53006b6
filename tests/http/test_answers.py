"""`POST /query` and the answers that are held: forms, ranges, refusals, crowds, and readers who are slow or leave."""

import asyncio
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dataspace
from dataspace.bootstrap import HubServices, build_hub
from dataspace.connecting import embedded
from dataspace.http.app import create_app
from dataspace.http.forms import ARROW, JSON_LINES, PARQUET
from dataspace.http.inprocess import InProcessTransport
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow
POLICY = """
policy: machines
title: Machines
owner: the data steward of the hub
on: machines
allow:
  - rule: rows
    for: service optimisation
    who: anyone
    answers: rows
    limits: {rows: los <= 50}
    because: No persons.
"""
ASK = {"purpose": "service optimisation", "kind": "rows"}
ALL = {**ASK, "sql": "SELECT * FROM machines ORDER BY id"}
ENDLESS = {**ASK, "sql": "SELECT a.id, b.id AS other FROM machines a, machines b"}
Client = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServices]:
    """A hub with 20,000 rows of machines."""
    root = tmp_path_factory.mktemp("answers")
    dataspace.create(root / "hub", {"sam": "steward", "ana": "researcher", "ben": "researcher"})
    made = build_hub(HubSettings(root / "hub"))
    lines = "".join(f"{i},{i % 60},secret-{i % 4}\n" for i in range(20_000))
    (root / "machines.csv").write_text("id,los,plant\n" + lines)
    with embedded(made, "sam", lambda: None) as sam:
        sam.register(root / "machines.csv", "machines", "M", synthetic=True, publish=True, fields=RECORD)
        sam.publish_policy(POLICY)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(services: HubServices) -> Iterator[Client]:
    """An HTTP client in somebody's name."""
    transport = InProcessTransport(create_app(services))

    def made(person: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {services.token(person)}"}
        return httpx.Client(base_url="http://hub.invalid", transport=transport, headers=headers, timeout=60)

    yield made
    transport.close()


def outcomes(services: HubServices, start: int) -> list[str]:
    return [
        str(r.facts["outcome"]) for _, r in services.log.records(start) if r.kind.value == "query.delivered"
    ]


def ended(services: HubServices, start: int) -> list[str]:
    patience = time.monotonic() + 15
    while not (found := outcomes(services, start)) and time.monotonic() < patience:
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("codec", ["lz4", "zstd", "none", None])
def test_an_arrow_stream_in_each_codec(client: Client, codec: str | None) -> None:
    response = client("ana").post("/query", json={**ALL, **({"codec": codec} if codec else {})})
    assert (response.status_code, response.headers["content-type"]) == (200, ARROW)
    table = pa.ipc.open_stream(response.content).read_all()
    assert table.num_rows == sum(i % 60 <= 50 for i in range(20_000))
    assert b"dataspace" in table.schema.metadata


def test_json_lines_and_parquet_hold_the_same_rows(client: Client) -> None:
    lines = client("ana").post("/query", json=ALL, headers={"Accept": JSON_LINES})
    rows = [json.loads(line) for line in lines.text.splitlines()]
    parquet = client("ana").post("/query", json=ALL, headers={"Accept": PARQUET})
    assert pq.read_table(io.BytesIO(parquet.content)).to_pylist() == rows
    assert rows[0] == {"id": 0, "los": 0, "plant": "secret-0"}


@pytest.mark.parametrize(
    ("said", "headers"),
    [({"codec": "gzip"}, {}), ({}, {"Accept": "text/html"}), ({"parameters": [[1]], "sql": "SELECT ?"}, {})],
)
def test_a_form_that_is_none_is_refused(
    client: Client, said: dict[str, Any], headers: dict[str, str]
) -> None:
    response = client("ana").post("/query", json={**ALL, **said}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "request.invalid")


def test_parameters_are_bound_and_stand_in_no_record(services: HubServices, client: Client) -> None:
    start = services.log.size()
    asked = {
        **ASK,
        "sql": "SELECT count(*) AS n FROM machines WHERE plant = $1",
        "parameters": ["secret-1' OR 1=1"],
    }
    response = client("ana").post("/query", json=asked, headers={"Accept": JSON_LINES})
    assert response.json() == {"n": 0}
    records = [record for _, record in services.log.records(start)]
    assert records[0].facts["question"] == asked["sql"]
    assert "secret-1" not in repr(records)


def test_parameters_may_come_by_name(client: Client) -> None:
    asked = {**ASK, "sql": "SELECT count(*) AS n FROM machines WHERE plant = $plant AND id < $most"}
    for values, status in (({"plant": "secret-1", "most": 9}, 200), ({"plant": "secret-1"}, 400)):
        response = client("ana").post(
            "/query", json={**asked, "parameters": values}, headers={"Accept": JSON_LINES}
        )
        assert response.status_code == status, response.text
        assert "secret-1" not in response.text


def test_any_range_is_fetched_again_without_running_it_again(services: HubServices, client: Client) -> None:
    start = services.log.size()
    ana = client("ana")
    whole = ana.post("/query", json=ALL)
    place = f"/answers/{whole.headers['Dataspace-Answer']}"
    size = len(whole.content)
    for first in (0, 1, size // 2, size - 1):
        part = ana.get(place, headers={"Range": f"bytes={first}-"})
        assert (part.status_code, part.content) == (206, whole.content[first:])
        assert part.headers["content-range"] == f"bytes {first}-{size - 1}/{size}"
    assert ana.get(place, headers={"Range": "bytes=5-9"}).content == whole.content[5:10]
    assert ana.get(place).content == whole.content
    assert ana.get(place, headers={"Range": f"bytes={size}-"}).status_code == 416
    assert ana.get(place, headers={"Range": "bytes=9-5"}).status_code == 400
    assert ana.get(place, headers={"Range": "rows=1-"}).status_code == 400
    assert outcomes(services, start) == ["complete"]


def test_an_answer_is_for_whoever_asked(client: Client) -> None:
    response = client("ana").post("/query", json=ALL)
    place = f"/answers/{response.headers['Dataspace-Answer']}"
    stranger, guess = client("ben").get(place), client("ben").get("/answers/AAAAAAAAAAAAAAAA")
    assert stranger.status_code == guess.status_code == 404
    assert stranger.json()["hint"] == guess.json()["hint"]
    assert client("ben").delete(place).status_code == 204
    assert client("ana").get(place).status_code == 200
    assert client("ana").delete(place).status_code == 204
    assert client("ana").get(place).status_code == 404


def test_an_answer_is_not_told_again_once_it_would_be_refused(services: HubServices, client: Client) -> None:
    response = client("ana").post("/query", json=ALL)
    place = f"/answers/{response.headers['Dataspace-Answer']}"
    with embedded(services, "sam", lambda: None) as sam:
        sam.withdraw_policy("machines")
        try:
            refused = client("ana").get(place)
        finally:
            sam.publish_policy(POLICY)
    assert (refused.status_code, refused.json()["code"]) == (403, "request.denied")
    assert client("ana").get(place).status_code == 200


def test_a_reader_who_leaves_ends_an_answer_that_is_still_made(
    services: HubServices, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.delivering, "_grace", 0.0)
    start = services.log.size()
    with client("ana").stream("POST", "/query", json=ENDLESS) as response:
        next(response.iter_raw())
    time.sleep(0.1)
    services.delivering._forget_old()
    assert ended(services, start) == ["abandoned"]
    assert client("ana").post("/query", json=ALL).status_code == 200


def test_a_question_is_cancelled(services: HubServices, client: Client) -> None:
    start = services.log.size()
    with client("ana").stream("POST", "/query", json=ENDLESS) as response:
        name = response.headers["Dataspace-Answer"]
        pieces = response.iter_raw()
        next(pieces)
        client("ana").delete(f"/answers/{name}")
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass
    assert ended(services, start) == ["cancelled"]
    assert client("ana").get(f"/answers/{name}").status_code == 404


def test_a_reader_who_stops_is_cut_off_and_the_engine_is_free(
    services: HubServices, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataspace.service.spool import Limits

    monkeypatch.setattr(services.delivering, "_limits", Limits(held=4 << 20, stall_seconds=0.5))
    start = services.log.size()
    with client("ana").stream("POST", "/query", json=ENDLESS) as response:
        pieces = response.iter_raw()
        next(pieces)
        assert ended(services, start) == ["abandoned"]
        assert client("ana").post("/query", json=ALL).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass


def test_a_token_that_expires_during_a_stream_lets_it_end(services: HubServices, client: Client) -> None:
    person = services.person("ana")
    short = services.tokens.issue(person, 1)
    with client("ana").stream(
        "POST", "/query", json=ALL, headers={"Authorization": f"Bearer {short}"}
    ) as response:
        pieces = response.iter_raw()
        first = next(pieces)
        time.sleep(1.2)
        content = first + b"".join(pieces)
    assert pa.ipc.open_stream(content).read_all().num_rows > 16_000
    place = f"/answers/{response.headers['Dataspace-Answer']}"
    assert client("ana").get(place, headers={"Authorization": f"Bearer {short}"}).status_code == 401
    assert client("ana").get(place).content == content


def test_a_thousand_at_once_are_answered_or_told_when_to_come_again(
    services: HubServices, client: Client
) -> None:
    app, body = create_app(services), json.dumps({**ASK, "sql": "SELECT 1 AS one"}).encode()
    token = services.token("ana")

    async def one(http: httpx.AsyncClient) -> tuple[int, str]:
        response = await http.post("/query", content=body, headers={"Authorization": f"Bearer {token}"})
        return response.status_code, response.headers.get("retry-after", "")

    async def crowd() -> list[tuple[int, str]]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub.invalid", timeout=120) as http:
            return await asyncio.gather(*(one(http) for _ in range(1000)))

    told = asyncio.run(crowd())
    answered = [status for status, _ in told if status == 200]
    refused = [after for status, after in told if status == 429]
    assert len(answered) + len(refused) == 1000
    assert len(answered) >= 128
    assert refused and all(1 <= int(after) <= 60 for after in refused)
    assert client("ana").post("/query", json=ALL).status_code == 200


def test_a_crowd_of_one_does_not_keep_another_from_asking(services: HubServices, client: Client) -> None:
    stop = threading.Event()

    def crowd() -> None:
        while not stop.is_set():
            client("ana").post("/query", json=ALL)

    with ThreadPoolExecutor(12) as pool:
        busy = [pool.submit(crowd) for _ in range(12)]
        try:
            assert client("ben").post("/query", json={**ASK, "sql": "SELECT 1 AS one"}).status_code == 200
        finally:
            stop.set()
        for one in busy:
            one.result()


@pytest.mark.parametrize(
    "sql", ["(" * 5000 + "SELECT 1" + ")" * 5000, "SELECT '" + "x" * 900_000 + "'", "\ud800"]
)
def test_hostile_texts_are_refused_in_a_sentence(client: Client, sql: str) -> None:
    content = json.dumps({**ASK, "sql": sql}).encode()
    response = client("ana").post("/query", content=content)
    # Parentheses alone mean nothing to DuckDB, whatever their number.
    assert 400 <= response.status_code < 500 or (sql[0] == "(" and response.status_code == 200)
    assert "Traceback" not in response.text
    assert len(response.text) < 3000


def test_ten_megabytes_of_sql_are_not_read(client: Client) -> None:
    response = client("ana").post("/query", content=b'{"sql": "' + b"x" * (10 << 20) + b'"}')
    assert response.status_code == 413


def test_nothing_is_held_for_ever(
    services: HubServices, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"/answers/{client('ana').post('/query', json=ALL).headers['Dataspace-Answer']}"
    assert client("ana").get(place).status_code == 200
    monkeypatch.setattr(services.delivering, "_keep", -1.0)
    assert client("ana").get(place).status_code == 404
    assert services.delivering._room.used == 0


def test_a_question_that_waits_is_asked_after_by_its_name(services: HubServices, client: Client) -> None:
    name, ana, ben = "q" * 16, client("ana"), client("ben")
    person = services.person("ana")
    assert person is not None
    mine = [services.delivering.turn(person) for _ in range(4)]  # all that may run at once of one person
    body, asked = {**ASK, "sql": "SELECT count(*) AS n FROM machines"}, {"Dataspace-Question": name}
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(ana.post, "/query", json=body, headers=asked)
        try:
            deadline = time.monotonic() + 60
            while (said := ana.get(f"/questions/{name}")).status_code == 404 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert said.json() == {"stage": "turn", "dataset": "", "share": 0.0}
            assert ben.get(f"/questions/{name}").status_code == 404, "it is hers"
            again = ana.post("/query", json=body, headers=asked)
            assert again.status_code == 400, "one name is one question"
        finally:
            for turn in mine:
                turn.end()
        assert waits.result(60).status_code == 200
    assert ana.get(f"/questions/{name}").status_code == 404, "it waits no longer"
    for odd in ("short", "a b" * 5, "x" * 65, "é" * 9):
        headers = [(b"Dataspace-Question", odd.encode())]
        assert ana.post("/query", json=body, headers=headers).status_code == 400
