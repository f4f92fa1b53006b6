"""The demo from start to end: a world is set up, ten steps are walked, everything is put away again."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console

import dataspace
from dataspace.cli.demo.display import Display
from dataspace.cli.demo.facts import Step, Walk
from dataspace.cli.demo.local_world import LocalWorld
from dataspace.cli.demo.memory import MemoryWatch
from dataspace.cli.demo.report import check_folder, write_report
from dataspace.cli.demo.scenes import SCENES
from dataspace.cli.demo.stage import Stage
from dataspace.cli.demo.stays import read_stays
from dataspace.cli.demo.summary import summary
from dataspace.cli.demo.watching import CHILD_SIGNAL
from dataspace.errors import DataspaceError
from dataspace.model.codec import to_json
from dataspace.settings import environment

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
OPENING = (
    "One hub, four hospitals and a plant on this machine. The hospital stays are real: medpar, 1,495 Medicare stays.\n"
    "The plant's data are SYNTHETIC, generated from the published rules of AI4I 2020."
)


def run(*, as_json: bool, keep: bool, output: Path) -> int:
    """Walk the demo; 0 where all of it held. Facts go to standard output, everything else to standard error."""
    try:
        with ended_like_ctrl_c():
            return _run(as_json, keep, output)
    except KeyboardInterrupt:
        print("Stopped; nothing is left running.", file=sys.stderr)
        return INTERRUPTED
    except DataspaceError as error:
        print(f"The demo stopped: {error}", file=sys.stderr)
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else type(error).__name__
        print(f"The demo stopped: {said}. Free what is lacking, then run it again.", file=sys.stderr)
    return 1


def _run(as_json: bool, keep: bool, output: Path) -> int:
    rows = read_stays(medpar_path(environment()))
    check_folder(output)
    with Display(Console(stderr=as_json), len(SCENES), brief=as_json) as display:
        display.say(OPENING)
        with MemoryWatch() as memory, LocalWorld(rows, environment(), keep, display.waiting) as world:
            walk = walk_through(world, display, memory)
            how_to_open = world.how_to_open() if keep else ""
            report = write_report(walk, output)
        seconds, size = walk.seconds, walk.peak_pss_bytes / 2**30
        display.say(f"\n{summary(walk).text()}")
        display.say(f"\n{seconds:.0f} s · {size:.2f} GB of memory at most · report: {report}{how_to_open}")
    if as_json:
        print(json.dumps(to_json(walk), ensure_ascii=False, allow_nan=False), flush=True)
    return 0


def walk_through(world: LocalWorld, display: Display, memory: MemoryWatch) -> Walk:
    """All steps, one after the other."""
    hub = world.hub
    stage = Stage(world, hub.steward, hub.researcher, hub.auditor, display.waiting)
    start_seconds, steps = time.monotonic() - world.began, []
    for number, scene in enumerate(SCENES, start=1):
        display.begin(number, scene.title, scene.explanation)
        began = time.monotonic()
        with world.watched():
            facts = scene.play(stage)
        seconds = round(time.monotonic() - began, 3)
        steps.append(Step(number, scene.title, scene.explanation, seconds, facts))
        display.end(steps[-1])
    memory.look()
    return Walk(
        steps=tuple(steps),
        start_seconds=round(start_seconds, 3),
        seconds=round(time.monotonic() - world.began, 3),
        peak_pss_bytes=memory.peak_bytes,
        finished=datetime.now(UTC),
        receipts=stage.receipts,
    )


def medpar_path(environ: Mapping[str, str]) -> Path:
    """Where the stays are: as DATASPACE_MEDPAR says, else where `make setup` put them."""
    if named := environ.get("DATASPACE_MEDPAR"):
        return Path(named)
    beside = Path(dataspace.__file__).resolve().parents[1] / ".cache" / "medpar.csv"
    return beside if beside.is_file() else Path(".cache/medpar.csv").resolve()


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP end the demo as Ctrl-C does: in order, with nothing left running."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        # Once is enough: another one, or the end of a child, would break off the putting away.
        for one in (*known, CHILD_SIGNAL):
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    known = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in known}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
