"""A peer that decides the same questions, in a process of its own, for as long as our patience holds."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from subprocess import PIPE
from typing import Any

from benchmarks.sizes import scaled

PEER = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"
PATIENCE = scaled(60, 5)
"""Seconds that a peer gets at each size to load its policies and answer."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What was seen of a peer. `compiled` in seconds, None where it did not get so far; `took` in microseconds, of each
    question that it decided, warm; `waited` in microseconds for a decision that had not come when time was up."""

    compiled: float | None
    took: Sequence[float]
    said: Sequence[bool]
    waited: float | None

    @property
    def decision(self) -> float | None:
        """Microseconds: the median, or at least so many where none was made."""
        return median(self.took) if self.took else self.waited

    @property
    def words(self) -> str:
        """What the figure is, or why there is none."""
        if self.took:
            return ""
        if self.waited is None:
            return f", no figure: it was still reading its policies after {PATIENCE} s, and was ended"
        return f", a lower bound: no decision within {PATIENCE} s"


def peer(program: str, name: str, document: object) -> Peer | None:
    """What a peer does within `PATIENCE`; None, and why, where nothing can be said of it."""
    if not PEER.exists():
        print(f"{name} is not measured: `make peers` installs it.", file=sys.stderr)
        return None
    seen: list[tuple[float, dict[str, Any]]] = []
    with subprocess.Popen([PEER, "-c", program], stdin=PIPE, stdout=PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        ending = threading.Timer(PATIENCE, child.kill)
        ending.start()
        try:
            with suppress(BrokenPipeError):  # it was ended while it still read its policies
                json.dump(document, child.stdin)
                child.stdin.close()
            for line in child.stdout:
                seen.append((time.perf_counter(), json.loads(line)))
        finally:
            ending.cancel()
    end = time.perf_counter()
    if child.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{name} ended with {child.returncode}")
    if not seen:
        return Peer(None, [], [], None)
    last, answers = seen[-1][0], [facts for _, facts in seen[2:]]  # the first answer warms up
    waited = (end - last) * 1e6 if child.returncode else None
    compiled = seen[0][1]["compiled"]
    return Peer(compiled, [one["took"] for one in answers], [one["said"] for one in answers], waited)
