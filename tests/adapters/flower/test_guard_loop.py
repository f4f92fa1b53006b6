"""What leaves a site for a message: the guard's reply, or a refusal that says no more than it must."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from flwr.app import RecordDict

from dataspace.adapters.flower.codec import message_to_record
from dataspace.adapters.flower.fab import app_hash
from dataspace.adapters.flower.guard_loop import answer_for
from dataspace.adapters.flower.private import Fab
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import SiteMessage, SiteReply, Step

CODE = b"the bytes of an app"
FAB = Fab(app_hash(CODE), CODE, {})
RECORD = message_to_record(SiteMessage(RunId("r-1"), 1, Step.FIT, {"plan": {}}, {"beta": np.arange(2.0)}))
UPDATE = SiteReply(SiteName("a"), {"n": 3})


def never(message: SiteMessage) -> SiteReply:
    raise AssertionError("the guard must not be asked")


def test_the_guard_gets_the_hash_of_the_bytes_that_arrived() -> None:
    seen: list[SiteMessage] = []

    def handle(message: SiteMessage) -> SiteReply:
        seen.append(message)
        return UPDATE

    assert answer_for(handle, RECORD, FAB, FAB.hash_str, threading.Event()) == UPDATE
    assert seen[0].app_hash == app_hash(CODE)


@pytest.mark.parametrize(
    ("fab", "expected"),
    [
        (Fab(FAB.hash_str, CODE + b"!", {}), FAB.hash_str),
        (Fab(app_hash(b"other"), CODE, {}), FAB.hash_str),
        (FAB, app_hash(b"other")),
        (Fab(app_hash(b"other"), CODE, {}), app_hash(b"other")),
    ],
)
def test_an_app_that_is_not_what_its_hash_names_never_reaches_the_guard(fab: Fab, expected: str) -> None:
    assert answer_for(never, RECORD, fab, expected, threading.Event()).refused == "app.altered"


def test_a_message_of_another_form_never_reaches_the_guard() -> None:
    answer = answer_for(never, RecordDict(), FAB, FAB.hash_str, threading.Event())
    assert answer.refused == "message.malformed"


def test_an_exception_of_the_guard_leaves_as_a_refusal_without_its_text() -> None:
    def handle(message: SiteMessage) -> SiteReply:
        raise ValueError("age=93")

    answer = answer_for(handle, RECORD, FAB, FAB.hash_str, threading.Event())
    assert answer.refused == "internal"
    assert "93" not in str(answer)


def test_what_was_worked_out_does_not_leave_a_site_that_was_stopped_meanwhile() -> None:
    stop = threading.Event()

    def handle(message: SiteMessage) -> SiteReply:
        stop.set()
        return UPDATE

    assert answer_for(handle, RECORD, FAB, FAB.hash_str, stop).refused == "site.stopped"


def test_a_guard_is_light() -> None:
    """It runs all day at every site: no torch, no ray, no ORM."""
    code = "import sys, dataspace.adapters.flower.guard_loop; print(*{m.split('.')[0] for m in sys.modules})"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split())
    assert not loaded & {"torch", "ray", "sqlalchemy", "duckdb", "opendp"}
