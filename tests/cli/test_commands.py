"""The commands on a hub of this machine: what they print, and with which exit code they end."""

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataspace.cli.main import main
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow

QUESTION = "SELECT died, count(*) AS n FROM stays GROUP BY died"
POLICY = """
policy: stays
title: Invented stays
owner: the data steward
on: stays
allow:
  rule: counts
  for: scientific research
  who: permit holders
  answers: [aggregate, noisy]
  because: Research under a permit.
"""
SCENARIOS = """
policy: stays
at: 2026-12-01T12:00:00Z
columns: {died: special-category}
permits:
  P-1: {on: stays, for: scientific research, answers: aggregate}
scenarios:
  - name: with a permit
    ask: {on: stays, answers: aggregate, for: scientific research, columns: [died], permit: P-1}
    expect: allow
  - name: without a permit
    ask: {on: stays, answers: aggregate, for: scientific research, columns: [died]}
    expect: deny
    missing: permit
"""


class Shell:
    """Commands with their output."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        ended = main(list(words))
        captured = self._capsys.readouterr()
        assert ended == code, captured.err + captured.out
        assert "Traceback" not in captured.err
        return captured.out if code == 0 else captured.err + captured.out


def texts(said: str | Sequence[str]) -> Sequence[str]:
    return [said] if isinstance(said, str) else said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub with one published dataset, a policy and a permit."""
    place = tmp_path_factory.mktemp("cli")
    rows = "\n".join(f"{i % 40},{int(i % 3 == 0)}" for i in range(400))
    (place / "stays.csv").write_text(f"los,died\n{rows}\n")
    (place / "stays.yaml").write_text(POLICY)
    (place / "stays.scenarios.yaml").write_text(SCENARIOS)
    home = ("--home", str(place / "hub"))
    steps = (
        ("hub", "init", *home, "--steward", "sam"),
        ("hub", "add-person", "ana", "--role", "researcher", "--organisation", "Uni", *home),
        (
            "dataset",
            "register",
            str(place / "stays.csv"),
            "--name",
            "stays",
            "--publish",
            *(
                word
                for name, said in RECORD.items()
                for text in texts(said)
                for word in ("--field", f"{name}={text}")
            ),
            *home,
            "--as",
            "sam",
        ),
        ("policy", "publish", str(place / "stays.yaml"), *home, "--as", "sam"),
        (
            "permit",
            "apply",
            "stays",
            "--purpose",
            "scientific research",
            "--kind",
            "aggregate",
            *home,
            "--as",
            "ana",
        ),
        ("permit", "grant", "A-1", "--cohort", "12", *home, "--as", "sam"),
    )
    for step in steps:
        assert main(list(step)) == 0
    return place


@pytest.fixture
def shell(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell whose DATASPACE_HOME is that hub."""
    monkeypatch.setenv("DATASPACE_HOME", str(folder / "hub"))
    return Shell(folder, capsys)


def test_a_home_is_private(folder: Path) -> None:
    assert (folder / "hub").stat().st_mode & 0o777 == 0o700


def test_a_hub_is_made_once(shell: Shell) -> None:
    assert "There is a hub" in shell("hub", "init", code=1)


def test_data_are_found_and_described(shell: Shell) -> None:
    assert "stays" in shell("dataset", "list", "--as", "ana")
    assert json.loads(shell("dataset", "list", "--json", "--as", "ana"))[0]["name"] == "stays"
    assert "los" in shell("dataset", "show", "stays", "--as", "ana")
    assert "dcat:Dataset" in shell("dataset", "describe", "stays", "--as", "ana")
    assert "turtle, json-ld, croissant" in shell(
        "dataset", "describe", "stays", "--format", "xml", "--as", "ana", code=2
    )


def test_a_question_without_a_permit_is_refused_with_what_to_do(shell: Shell) -> None:
    told = shell("query", QUESTION, "--as", "ana", code=1)
    assert "Refused:" in told
    assert "You hold P-1: ask with --permit P-1." in told
    assert "Refused:" in shell("explain", QUESTION, "--as", "ana", code=1)
    assert "Allowed:" in shell("explain", QUESTION, "--permit", "P-1", "--as", "ana")


def test_an_answer_is_written_in_each_format(shell: Shell, tmp_path: Path) -> None:
    ask = ("query", QUESTION, "--permit", "P-1", "--as", "ana")
    assert "receipt r-" in shell(*ask)
    document = json.loads(shell(*ask, "--format", "json"))
    assert {row["died"]: row["n"] for row in document["rows"]} == {0: 266, 1: 134}
    assert document["note"]["kind"] == "aggregate"
    assert shell(*ask, "--format", "csv").splitlines()[0] == '"died","n"'
    for form in ("parquet", "arrow"):
        shell(*ask, "--format", form, "--output", str(tmp_path / form))
    assert pq.read_table(tmp_path / "parquet").num_rows == 2
    with pa.ipc.open_stream(io.BytesIO((tmp_path / "arrow").read_bytes())) as reader:
        assert reader.read_all().num_rows == 2
    assert "cannot be written" in shell(*ask, "--output", str(tmp_path / "no" / "where"), code=2)


def test_a_receipt_is_verified_offline_with_the_answer_that_it_is_about(shell: Shell, tmp_path: Path) -> None:
    shell(
        "query",
        QUESTION,
        "--permit",
        "P-1",
        "--as",
        "ana",
        "--format",
        "arrow",
        "--output",
        str(tmp_path / "a"),
    )
    number = int(shell("log", "show", "--as", "ana").split()[2].replace(",", "")) - 1
    (tmp_path / "r.json").write_text(shell("log", "receipt", str(number), "--as", "ana"))
    key = shell("log", "key", "--as", "ana").strip()
    check = ("log", "verify-receipt", str(tmp_path / "r.json"), "--key", key)
    said = shell(*check, "--answer", str(tmp_path / "a"))
    assert f"ok: record {number} of the log hub/log" in said and "is the one that this record states" in said
    assert "the answer" not in shell(*check).replace("the answer was delivered", "")
    kept = tmp_path / "kept.json"
    shell("log", "receipt", str(number), "--output", str(kept), "--as", "ana")
    pair = shell(
        "log", "verify-receipt", str(kept), str(tmp_path / f"kept.intent-{number - 1}.json"), "--key", key
    )
    assert "query.delivered" in pair and "query.intended" in pair and "purpose" in pair
    swapped = (str(tmp_path / f"kept.intent-{number - 1}.json"), str(kept))
    assert "is not the end of" in shell("log", "verify-receipt", *swapped, "--key", key, code=1)
    assert "as `dataspace log key` prints it" in shell(
        "log", "verify-receipt", str(kept), "--key", "a+b+?", code=1
    )
    other = json.loads((tmp_path / "r.json").read_text())
    other["record"]["facts"]["answer"] = "0" * 64
    (tmp_path / "r.json").write_text(json.dumps(other))
    assert "This receipt or the log was changed" in shell(*check, code=1)


def test_the_log_is_read_newest_first_by_an_auditor_and_by_others_where_it_concerns_them(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("hub", "add-person", "vera", "--role", "auditor")
    monkeypatch.setenv("DATASPACE_AS", "vera")
    every = json.loads(shell("log", "list", "--count", "500", "--json"))
    numbers = [each["index"] for each in every]
    assert numbers == sorted(numbers, reverse=True) and numbers[-1] == 0
    assert {"dataset.registered", "permit.granted"} <= {each["record"]["kind"] for each in every}
    page = shell("log", "list", "--count", "3")
    assert f"earlier ones: dataspace log list --before {numbers[2]}" in page and "policies" in page
    own = json.loads(shell("log", "list", "--json", "--as", "ana"))
    assert own and {each["record"]["principal"] for each in own} == {"ana"}


def test_a_port_is_a_number_that_a_port_can_be(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "0<=x<=65535" in shell("hub", "start", "--port", "99999", code=2)
    monkeypatch.setenv("DATASPACE_PORT", "99999")
    assert "A port is 0 to 65535" in shell("hub", "start", code=1)


def test_the_log_verifies(shell: Shell) -> None:
    assert shell("log", "verify", "--as", "sam").startswith("ok: ")
    assert shell("log", "checkpoint", "--as", "ana").startswith("hub/log\n")


def test_a_permit_is_shown_and_verified_offline(shell: Shell, tmp_path: Path) -> None:
    from base64 import b64encode

    from dataspace.adapters.keys import FileSigner

    assert "P-1" in shell("permit", "list", "--as", "ana")
    assert "cells from at least 12" in shell("permit", "show", "P-1", "--as", "ana")
    (tmp_path / "p.jws").write_text(shell("permit", "show", "P-1", "--jws", "--as", "ana"))
    key = b64encode(FileSigner(shell.folder / "hub", "issuer").public_key()).decode()
    check = ("permit", "verify", str(tmp_path / "p.jws"), "--issuer", "hub", "--key")
    assert "Signed by hub" in shell(*check, key)
    assert shell(*check, b64encode(bytes(32)).decode(), code=1)
    assert "not base64" in shell(*check, "?", code=2)


def test_a_policy_is_checked_and_rehearsed_without_a_hub(shell: Shell, tmp_path: Path) -> None:
    policy = str(shell.folder / "stays.yaml")
    assert "1 rules, not in force" in shell("policy", "check", policy)
    assert "2 of 2 scenarios as expected" in shell("policy", "test", policy)
    (tmp_path / "wrong.yaml").write_text(SCENARIOS.replace("expect: allow", "expect: deny"))
    assert "FAIL" in shell("policy", "test", policy, "--scenarios", str(tmp_path / "wrong.yaml"), code=1)
    (tmp_path / "broken.yaml").write_text("policy: x\nallows: {}\n")
    assert "broken.yaml" in shell("policy", "check", str(tmp_path / "broken.yaml"), code=1)


def test_an_inbox_and_a_review_show_what_is_asked_for(shell: Shell) -> None:
    shell("permit", "apply", "stays", "--purpose", "scientific research", "--ethics", "24-1", "--as", "ana")
    (line,) = [
        line for line in shell("permit", "inbox", "--as", "sam").splitlines() if line.startswith("A-2")
    ]
    assert "ana" in line
    review = shell("permit", "review", "A-2", "--as", "sam")
    assert "24-1" in review
    assert "refused" in shell("permit", "refuse", "A-2", "--reason", "Too broad.", "--as", "sam")
    assert "sam: refuse “Too broad.”" in shell("permit", "review", "A-2", "--as", "ana"), (
        "read also afterwards"
    )
    assert "No application named 'A-9'" in shell("permit", "review", "A-9", "--as", "sam", code=1)


def test_what_was_sent_back_is_changed_where_something_is_said_and_submitted_again(shell: Shell) -> None:
    wish = ("permit", "apply", "stays", "--purpose", "scientific research", "--column", "stays.los")
    shell(*wish, "--safeguard", "Two people look.", "--project", "P\x1b[2Jest", "--as", "ana", code=2)
    id = shell(*wish, "--safeguard", "Two people \x1b[2Jlook.", "--draft", "--as", "ana").split()[0]
    assert "Nothing waits" not in shell("inbox", "--as", "ana")
    shell("permit", "submit", id, "--as", "ana")
    assert "--text" in shell("permit", "send-back", id, "--as", "sam", code=2)
    shell("permit", "send-back", id, "--text", "Which vote?", "--as", "sam")
    edited = ("permit", "edit", id, "--ethics", "24-1", "--data-request", "--purpose", "marketing")
    assert "Only the applicant" in shell(*edited, "--as", "sam", code=1)
    assert "Nothing is said" in shell("permit", "edit", id, "--as", "ana", code=2)
    shell(*edited, "--as", "ana")
    assert "incomplete" in shell("permit", "inbox", "--as", "ana")
    shell("permit", "submit", id, "--as", "ana")
    review = shell("permit", "review", id, "--as", "sam")
    for words in ("24-1", "stays.los", "Marketing", "data request", "Two people"):
        assert words in review
    assert "\x1b" not in review


def test_a_budget_is_read_and_an_empty_one_too(shell: Shell) -> None:
    assert "P-1" in shell("ledger", "stays", "--as", "ana")
    assert "P-1" in shell("ledger", "show", "stays", "--as", "ana")
    assert "nothing was spent" in shell("ledger", "plot", "stays", "--as", "ana")


def test_a_steward_adds_to_a_permit_and_the_ledger_says_so(shell: Shell, tmp_path: Path) -> None:
    wish = ("ledger", "top-up", "stays", "--permit", "P-1", "--epsilon", "0.5", "--reason", "Second wave")
    assert "Only a steward" in shell(*wish, "--as", "ana", code=1)
    assert "0.5 added to permit 'P-1'" in shell(*wish, "--as", "sam")
    assert "Second wave" in shell("ledger", "show", "stays", "--as", "ana")
    assert "0.5 added" in shell("ledger", "stays", "--as", "ana")
    picture = tmp_path / "spent.svg"
    shell("ledger", "plot", "stays", "--output", str(picture), "--as", "sam")
    assert picture.read_text().startswith("<svg ")
    assert "needs the word" in shell(*wish[:6], "9", *wish[7:], "--as", "sam", code=1)


def test_who_asks_has_to_be_said_where_several_may(shell: Shell) -> None:
    assert "Say --as" in shell("dataset", "list", code=1)
    assert "No person named 'eve'" in shell("dataset", "list", "--as", "eve", code=1)


def test_a_token_is_made_and_an_invitation_written_privately(shell: Shell, tmp_path: Path) -> None:
    assert shell("hub", "token", "ana").count(".") == 2
    assert "a day at most" in shell("hub", "token", "ana", "--hours", "30", code=2)
    shell("hub", "invite", "hospital-a", "--as", "sam", "--output", str(tmp_path / "invite.json"))
    assert (tmp_path / "invite.json").stat().st_mode & 0o777 == 0o600
    invite = json.loads((tmp_path / "invite.json").read_text())
    assert invite["site"] == "hospital-a"
    assert "BEGIN CERTIFICATE" in invite["ca"]
    again = shell("hub", "invite", "hospital-a", "--as", "sam", "--output", str(tmp_path / "invite.json"))
    assert "One made for hospital-a before holds no more." in again


def test_without_a_hub_the_places_searched_are_named(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATASPACE_HOME", str(tmp_path))
    assert "--home" in shell("dataset", "list", code=1)
    assert "dataspace hub init" in shell("hub", "start", code=1)
    assert "dataspace site join" in shell("site", "status", code=1)
    monkeypatch.setenv("DATASPACE_URL", "http://hub.example")
    monkeypatch.delenv("DATASPACE_HOME")
    assert "https only" in shell("dataset", "list", code=2)


def test_a_wrong_use_ends_with_two(shell: Shell) -> None:
    assert shell("permit", "grant", code=2)
    assert shell("no-such-command", code=2)
    assert shell("site", "join", str(shell.folder / "missing.json"), code=2)
    assert "not an invitation" in shell("site", "join", str(shell.folder / "stays.yaml"), code=2)


def test_a_port_in_use_is_one_sentence_and_leaves_nothing_behind(shell: Shell) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = shell("hub", "start", "--port", str(taken.getsockname()[1]), "--no-federated", code=1)
    assert "--port 0" in told
    assert not (shell.folder / "hub" / "address.json").exists()


def test_a_damaged_home_is_a_sentence_too(shell: Shell) -> None:
    (shell.folder / "hub" / "hub.json").rename(shell.folder / "hub" / "kept.json")
    (shell.folder / "hub" / "hub.json").mkdir()
    try:
        told = shell("dataset", "list", "--as", "ana", code=1)
    finally:
        (shell.folder / "hub" / "hub.json").rmdir()
        (shell.folder / "hub" / "kept.json").rename(shell.folder / "hub" / "hub.json")
    assert told.count("\n") == 1


def test_a_reader_who_has_enough_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} -m dataspace.cli --help | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_the_version_is_printed(shell: Shell) -> None:
    assert shell("--version").strip()


def test_a_count_of_data_that_the_hub_holds_itself_is_its_own_with_its_name(shell: Shell) -> None:
    count = ("count", "stays", "--purpose", "scientific research", "--permit", "P-1", "--as", "ana")
    told = shell(*count, "--by", "site", "--format", "csv").splitlines()
    assert told[0] == '"site","n"'
    assert told[1].startswith('"hub",')
