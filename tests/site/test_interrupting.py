"""A message at work is broken off by the site's own people at once, and when the hub says that the run was stopped."""

import subprocess
import sys
import threading
from collections.abc import Callable

from dataspace.errors import SourceError
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import SiteMessage, SiteReply, Step
from dataspace.site.interrupting import Interruptible

RUN = RunId("R-1")
MESSAGE = SiteMessage(RUN, 1, Step.FIT, {})
DONE = SiteReply(SiteName("a"), {"n": 1})
BROKEN = SiteReply(SiteName("a"), refused="internal", reason="No answer from this site.")


class Engine:
    """Workers that work until somebody ends them, or for a while."""

    def __init__(self, seconds: float) -> None:
        self.ended: list[str] = []
        self._seconds = seconds
        self._killed = threading.Event()

    def handle(self, message: SiteMessage) -> SiteReply:
        return BROKEN if self._killed.wait(self._seconds) else DONE

    def end(self, run: RunId) -> None:
        self.ended.append(run)
        self._killed.set()

    def end_all(self) -> None:
        self.end(RunId("all"))


def interruptible(
    engine: Engine, stop: threading.Event, goes_on: Callable[[RunId], bool], ask_seconds: float = 0.2
) -> Interruptible:
    return Interruptible(engine.handle, stop, goes_on, engine.end, engine.end_all, ask_seconds)


def test_a_run_that_was_stopped_at_the_hub_ends_its_worker_here() -> None:
    engine, asked = Engine(30), list[RunId]()

    def goes_on(run: RunId) -> bool:
        asked.append(run)
        return len(asked) < 2

    assert interruptible(engine, threading.Event(), goes_on)(MESSAGE) is BROKEN
    assert (asked, engine.ended) == ([RUN, RUN], [RUN])


def test_a_site_that_is_stopped_ends_all_its_workers() -> None:
    engine, stop = Engine(30), threading.Event()
    threading.Timer(0.2, stop.set).start()
    assert interruptible(engine, stop, lambda run: True, 60.0)(MESSAGE) is BROKEN
    assert engine.ended == ["all"]


def test_a_hub_that_is_away_ends_nothing_and_a_quick_answer_asks_nobody() -> None:
    def away(run: RunId) -> bool:
        raise SourceError("The hub cannot be reached.", "Retry.")

    def never(run: RunId) -> bool:
        raise AssertionError

    assert interruptible(Engine(0.7), threading.Event(), away)(MESSAGE) is DONE
    assert interruptible(Engine(0.0), threading.Event(), never, 5.0)(MESSAGE) is DONE


STUCK = """
import threading, time
from dataspace.site.run import ended_in_time, stopped_by_signals
stop = threading.Event()
with ended_in_time(stop, 0.5), stopped_by_signals(stop):
    print("up", flush=True)
    while True:
        time.sleep(0.1)
"""


def test_a_process_that_is_stuck_ends_all_the_same_when_it_is_told_to() -> None:
    process = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()


def test_a_process_that_ends_by_itself_is_not_ended_twice() -> None:
    script = (
        STUCK.replace("while True:", "for _ in range(2):") + "time.sleep(1.5)\nprint('whole', flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, "up\nwhole\n")
