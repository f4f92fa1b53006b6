"""The coordinator's process: finds its order, runs the rounds over Flower, writes the journal."""

import os
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from dataspace.adapters.flower.checkpoints import FileCheckpoints
from dataspace.adapters.flower.exchange import FlowerExchange
from dataspace.adapters.flower.orders import (
    JOURNAL,
    PROCESS,
    FileJournal,
    read_nodes,
    read_order,
    run_directory,
)
from dataspace.adapters.flower.private import ServerApp
from dataspace.adapters.tls import write_private
from dataspace.model.runs import RunEvent, RunOrder
from dataspace.ports import Checkpoints, Clock, Exchange, Journal

Coordinate = Callable[[RunOrder, Exchange, Journal, Clock, Checkpoints], None]


class UtcClock:
    """The time of this host."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def serve(grid: Any, context: Any, coordinate: Coordinate) -> None:
    """Run one order to its end; whatever goes wrong ends the journal with the class of the error, and no data.

    Where the SuperLink is lost, the journal is left open: a coordinator that is started later goes on (`watch.py`).
    The process is started in the link's home directory (see `link.py`), where `runs/` is.
    """
    directory = run_directory(Path.cwd() / "runs", str(context.run_config["run"]))
    write_private(directory / PROCESS, str(os.getpid()).encode())
    order, clock, journal = read_order(directory), UtcClock(), FileJournal(directory / JOURNAL)
    exchange, checkpoints = FlowerExchange(grid, read_nodes(directory, order)), FileCheckpoints(directory)
    try:
        _tell_what_was_kept(checkpoints, journal)
        coordinate(order, exchange, journal, clock, checkpoints)
    except httpx.HTTPError as error:
        write_private(directory / "error.log", traceback.format_exc().encode())
        raise RuntimeError(f"the SuperLink was lost ({type(error).__name__})") from None
    except Exception as error:  # noqa: BLE001  Whatever it is, the journal must get its end.
        # The text may name values: it stays in a file that the operator alone reads.
        write_private(directory / "error.log", traceback.format_exc().encode())
        journal.append(RunEvent(order.run, "failed", 0, clock.now(), {"cause": type(error).__name__}))
        raise RuntimeError(f"the coordinator failed ({type(error).__name__})") from None


def _tell_what_was_kept(checkpoints: FileCheckpoints, journal: FileJournal) -> None:
    """A coordinator that was killed between the two had kept a round and not told of it yet."""
    kept = checkpoints.last()
    if kept is not None and kept.event not in journal.read():
        journal.append(kept.event)


def server_app(coordinate: Coordinate) -> Any:
    """A Flower ServerApp around a coordinator."""
    app = ServerApp()

    @app.main()  # type: ignore[untyped-decorator]
    def main(grid: Any, context: Any) -> None:
        serve(grid, context, coordinate)

    return app
