"""Run the benchmarks: `python -m benchmarks` all of them, `python -m benchmarks import` the one of that name.

Each runs in a process of its own, so that none warms up another, and the next one runs whatever became of it. Figures
go to standard output as they come, a line of JSON each; what was not met, what failed, and a summary to standard error
at the end. A missed target is a fact and ends with 0; a script that fails, takes more than `LONGEST` seconds, or prints
anything but figures, ends with 1. DATASPACE_BENCH_SCALE makes all of them smaller (`sizes.py`).
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST = 3 * 3600
KEYS = {"figure", "value", "unit", "better", "target", "peer", "peer_value", "met"}


def available() -> dict[str, Path]:
    """Every benchmark by its name: `bench_import.py` is `import`."""
    return {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}


def problem(line: str) -> str | None:
    """What is wrong with this line of a benchmark, if anything."""
    try:
        facts = json.loads(line)
    except ValueError:
        return f"not JSON: {line.rstrip()[:80]}"
    if not isinstance(facts, dict) or not facts.keys() >= KEYS:
        return f"not a figure: {line.rstrip()[:80]}"
    if not facts.keys() - KEYS:
        return f"{facts['figure']}: says over no number of rows, groups, policies or hits"
    return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one benchmark came to: how many figures, which of them missed their target, and what went wrong."""

    figures: int
    missed: tuple[str, ...]
    wrong: tuple[str, ...]


def run(name: str) -> Outcome:
    """Run one benchmark, and pass its lines on as they come."""
    figures, missed, wrong = 0, [], []
    command = [sys.executable, "-m", f"{HERE.name}.bench_{name}"]
    # A session of its own: when time is up, what it started ends with it.
    with subprocess.Popen(
        command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        ending = threading.Timer(LONGEST, _end, [child])
        ending.start()
        try:
            assert child.stdout is not None
            for line in child.stdout:
                print(line, end="", flush=True)
                if found := problem(line):
                    wrong.append(f"{name}: {found}")
                    continue
                figures += 1
                if not json.loads(line)["met"]:
                    missed.append(json.loads(line)["figure"])
        except BaseException:
            _end(child)
            raise
        finally:
            ending.cancel()
    if child.returncode:
        wrong.append(f"{name}: ended with {child.returncode}")
    elif not figures and not wrong:
        wrong.append(f"{name}: measured nothing")
    return Outcome(figures, tuple(missed), tuple(wrong))


def _end(child: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    known = available()
    if unknown := [name for name in names if name not in known]:
        print(f"No benchmark named {unknown[0]!r}. There are: {', '.join(known)}.", file=sys.stderr)
        return 1
    start, chosen = time.monotonic(), names or list(known)
    outcomes = [run(name) for name in chosen]
    missed = [figure for outcome in outcomes for figure in outcome.missed]
    failed = sum(bool(outcome.wrong) for outcome in outcomes)
    for figure in missed:
        print(f"Target missed: {figure}", file=sys.stderr)
    for outcome in outcomes:
        for sentence in outcome.wrong:
            print(f"Failed: {sentence}", file=sys.stderr)
    print(
        f"{len(chosen)} benchmarks, {sum(outcome.figures for outcome in outcomes)} figures: {len(missed)} missed their "
        f"target, {failed} benchmarks failed; {(time.monotonic() - start) / 60:.1f} min.",
        file=sys.stderr,
    )
    return 1 if failed else 0


def _terminated(*_: object) -> None:
    """Whoever ends the run ends what it runs too."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(main(sys.argv[1:]))
