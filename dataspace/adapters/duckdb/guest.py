"""The confined process that runs a researcher's app: `python -I -m dataspace.adapters.duckdb.guest <orders>`.

It runs no code of the app itself, and sees no row. For each block it starts a copy of itself, which is confined
further, reads the rows of that block from a file in memory, runs the app over them, writes the numbers into another
such file, and ends. So nothing that the app learned of one block is there when it works on the next: no memory, no
file, no module. What a copy says on its way is thrown away; that it failed, or took too long, is one word.
"""

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from dataspace.adapters.duckdb.confine import Isolation, close_in, confine
from dataspace.adapters.duckdb.guest_files import read_arrays
from dataspace.adapters.duckdb.wire import Broken, Channel, Frame, inherited
from dataspace.model.codec import from_json
from dataspace.model.own_apps import Uses

LOOK_SECONDS = 0.002
FAILED = 3


def serve(worker: Channel, files: Mapping[str, str], nowhere: int) -> None:
    """Jobs of the worker, one after the other, until it hangs up."""
    while True:
        frame = worker.receive()
        try:
            worker.send({"done": _done(frame, files, nowhere)})
        finally:
            for handle in frame.files:
                os.close(handle)


def _done(frame: Frame, files: Mapping[str, str], nowhere: int) -> bool:
    """Whether a copy came to its end, in time. The order is the same for each block: this process, which later copies
    are made of, must not know one block from another."""
    order = frame.document
    parent, seconds = os.getpid(), float(order["seconds"])
    copy = os.fork()
    if copy == 0:
        _work(order, frame.files, files, nowhere, parent)
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(copy, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        if time.monotonic() > deadline:
            os.kill(copy, signal.SIGKILL)
            os.waitpid(copy, 0)
            return False
        time.sleep(LOOK_SECONDS)


def _work(
    order: Mapping[str, Any], handles: Sequence[int], files: Mapping[str, str], nowhere: int, parent: int
) -> NoReturn:
    """In the copy: confine, let go of everything else, run the app. Never returns."""
    code = FAILED
    try:
        given, taken = handles
        for number in range(3):
            os.dup2(nowhere, number)
        _let_go({0, 1, 2, given, taken})
        wanted = os.fstat(taken).st_size
        close_in(parent, int(order["seconds"]) + 1, wanted)

        from dataspace.adapters.duckdb.guest_code import run
        from dataspace.adapters.duckdb.guest_job import Job

        found = run(from_json(Job, order["job"]), files, read_arrays(given))
        if found.nbytes == wanted:
            os.pwrite(taken, found.tobytes(), 0)
            code = 0
    finally:
        # Also where the app raised, exits or asked for more memory than there is.
        os._exit(code)


def _let_go(kept: set[int]) -> None:
    """Close all files but these, which begin with 0, 1 and 2."""
    at = 0
    for number in [*sorted(kept), 1024]:
        if at < number:  # of an empty range at 0 all would be closed
            os.closerange(at, number)
        at = number + 1


def _ready(orders: Mapping[str, Any]) -> str:
    """Load what apps of this kind need; what is missing, or empty."""
    uses = Uses(orders["uses"])
    from dataspace.adapters.duckdb import guest_code  # noqa: F401 - before the first copy, for all of them

    if uses is Uses.TORCH:
        try:
            torch = importlib.import_module("torch")
            importlib.import_module("dataspace.adapters.duckdb.guest_torch")
        except ImportError:
            return "torch"
        torch.set_num_threads(1)
    return ""


def main() -> None:
    """Confine, say how far that went, take the app, serve the worker."""
    orders = json.loads(sys.argv[1])
    gateway, worker = inherited(int(orders["gateway"])), inherited(int(orders["other"]))
    nowhere = os.open(os.devnull, os.O_RDWR)
    level = confine(
        int(orders["parent"]), int(orders["memory_bytes"]), int(orders["cpu_seconds"]), forks=True
    )
    try:
        gateway.send({"isolation": level.value})
        app = gateway.receive().document
        lacks = "isolation" if level is not Isolation.A else _ready(app)
        gateway.send({"lacks": lacks})
        if not lacks:
            serve(worker, app["files"], nowhere)
    except Broken:
        return


if __name__ == "__main__":
    main()
