"""The demo from start to end: a world is set up, ten steps are walked, everything is put away again."""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

import dataspace
from dataspace.cli.demo.display import Display
from dataspace.cli.demo.facts import Step, Walk
from dataspace.cli.demo.local_world import LocalWorld, world_of
from dataspace.cli.demo.memory import MemoryWatch
from dataspace.cli.demo.report import check_folder, write_report
from dataspace.cli.demo.stage import Stage
from dataspace.cli.demo.stays import read_stays
from dataspace.cli.demo.steps import SCENES
from dataspace.cli.demo.words import summary
from dataspace.errors import DataspaceError
from dataspace.model.codec import to_json
from dataspace.settings import environment

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""


def run(*, as_json: bool, keep: bool, output: Path) -> int:
    """Walk the demo; 0 where all of it held. Facts go to standard output, everything else to standard error."""
    console = Console(stderr=as_json)
    try:
        with ends_by_interrupt():
            return _run(console, as_json, keep, output)
    except KeyboardInterrupt:
        print("Stopped; nothing is left running.", file=sys.stderr)
        return STOPPED
    except DataspaceError as error:
        print(f"The demo stopped: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The demo stopped: {_system(error)}", file=sys.stderr)
        return 1


def _run(console: Console, as_json: bool, keep: bool, output: Path) -> int:
    rows = read_stays(medpar_path(environment()))
    check_folder(output)
    with Display(console, len(SCENES), brief=as_json) as display:
        display.say(OPENING)
        with MemoryWatch() as memory, world_of(rows, environment(), keep, display.waiting) as world:
            walk = walk_through(world, display, memory)
        display.say("")
        display.say(summary(walk).text())
        report = write_report(walk, output)
        display.say(
            f"\n{walk.seconds:.0f} s, {walk.peak_pss_bytes / 2**30:.2f} GB of memory at most · report: {report}"
        )
        if keep:
            display.say(world.how_to_open())
    if as_json:
        print(json.dumps(to_json(walk), ensure_ascii=False, allow_nan=False))
    return 0


OPENING = (
    "One hub, four hospitals and a plant on this machine. The hospital stays are real (medpar, 1,495 Medicare\n"
    "stays); the plant's data are SYNTHETIC, generated from the published rules of AI4I 2020."
)


def walk_through(world: LocalWorld, display: Display, memory: MemoryWatch) -> Walk:
    """All steps, one after the other."""
    steps = []
    display.waiting("the hub starts")
    with world.started() as cast:
        stage = Stage(world, cast.steward, cast.researcher, cast.auditor, display.waiting)
        start_seconds = time.monotonic() - world.began
        for number, scene in enumerate(SCENES, start=1):
            display.begin(number, scene.title, scene.explanation)
            began = time.monotonic()
            with world.watched():
                facts = scene.play(stage)
            seconds = time.monotonic() - began
            steps.append(Step(number, scene.title, scene.explanation, round(seconds, 3), facts))
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
