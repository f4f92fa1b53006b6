"""How long the demo takes, step by step, and how much memory it takes at most.

There is no peer: nothing else does these ten steps. Times are those that the demo tells of itself, memory is the
highest sum of proportional set sizes over its process tree; its end (everything put away) counts into the whole.
"""

import json
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.figure import Figure

WHOLE_SECONDS = 120.0
MEMORY_GB = 4.0
STEP_SECONDS = {1: 15, 2: 5, 3: 1, 4: 1, 5: 10, 6: 35, 7: 5, 8: 25, 9: 15, 10: 8}
"""What a step may take, so that the whole stays under its limit."""


def demo() -> tuple[dict[str, Any], float]:
    """Run it once; its facts, and the seconds of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dataspace.cli", "demo", "--json", "--output", folder]
        start = time.perf_counter()
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return json.loads(ended.stdout), time.perf_counter() - start


def main() -> None:
    """One line for each step, for the whole and for the memory."""
    told, whole = demo()
    sites = told["steps"][0]["facts"]["sites"]
    counts = {"sites": len(sites), "rows": sum(site["rows"] for site in sites)}

    def show(figure: str, value: float, unit: str, target: float) -> None:
        Figure(figure=figure, value=value, unit=unit, better="lower", target=target, counts=counts).show()

    for step in told["steps"]:
        number = step["number"]
        show(f"demo, step {number}: {step['title']}", round(step["seconds"], 2), "s", STEP_SECONDS[number])
    show("demo, whole, from the command to the prompt", round(whole, 1), "s", WHOLE_SECONDS)
    show("demo, peak memory (PSS of the tree)", round(told["peak_pss_bytes"] / 2**30, 2), "GB", MEMORY_GB)


if __name__ == "__main__":
    main()
