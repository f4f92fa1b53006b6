"""Run the benchmarks: `python -m benchmarks` all of them, `python -m benchmarks import` the one of that name.

Each runs in a process of its own, so that none warms up another. Figures go to standard output as they come, a line
of JSON each; what was not met, and what failed, to standard error at the end. A missed target is a fact and ends
with 0; a script that fails, or prints anything but figures, ends with 1.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
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


def run(name: str) -> tuple[list[str], list[str]]:
    """Run one benchmark and pass its lines on; returns the figures that missed their target, and what went wrong."""
    missed, wrong = [], []
    command = [sys.executable, "-m", f"benchmarks.bench_{name}"]
    with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            print(line, end="", flush=True)
            if found := problem(line):
                wrong.append(f"{name}: {found}")
            elif not json.loads(line)["met"]:
                missed.append(json.loads(line)["figure"])
    if child.returncode:
        wrong.append(f"{name}: ended with {child.returncode}")
    return missed, wrong


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    known = available()
    if unknown := [name for name in names if name not in known]:
        print(f"No benchmark named {unknown[0]!r}. There are: {', '.join(known)}.", file=sys.stderr)
        return 1
    results = [run(name) for name in names or known]
    missed = [figure for figures, _ in results for figure in figures]
    wrong = [sentence for _, sentences in results for sentence in sentences]
    if missed:
        print(f"Target missed: {', '.join(missed)}", file=sys.stderr)
    for sentence in wrong:
        print(f"Failed: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
