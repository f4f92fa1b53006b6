"""Starts one of Flower's own programs with our settings: no telemetry, short sleeps, and an end when its parent ends.

    python -m dataspace.adapters.flower.launcher ROLE --parent PID [--control-secret FILE --front HOST:PORT]
        -- FLOWER-ARGUMENTS

ROLE is superlink, superexec or supernode. (ServerApps are forked by the executor's nursery.)
"""

import argparse
import ctypes
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

ROLES = ("superlink", "superexec", "supernode")
PR_SET_PDEATHSIG = 1
ORPHAN_SECONDS = 8.0
"""How long an orphan may take to end in order before it is killed."""
PRELOADED = ("dataspace.adapters.flower.server_app", "dataspace.service.coordinate")
"""What a ServerApp imports, beside Flower."""


def command(role: str, parent: int, *own: str) -> list[str]:
    """The command line, up to and with `--`, that starts ROLE as a child of `parent`."""
    module = "dataspace.adapters.flower.launcher"
    return [sys.executable, "-m", module, role, "--parent", str(parent), *own, "--"]


def main(arguments: Sequence[str]) -> None:
    """Set this process up, then hand over to Flower's stock main function of the role."""
    own, flower = _parse(arguments)
    _signal_with(own.parent)
    # Flower reads these when it is imported, so before the imports below.
    os.environ.update(FLWR_TELEMETRY_ENABLED="0", FLWR_DISABLE_UPDATE_CHECK="1")
    from dataspace.adapters.flower import private, shortening

    shortening.shorten_pulls()
    if own.role == "supernode":
        private.leave_out_sql()
    program = private.programs()[own.role]()
    match own.role:
        case "superlink":
            from dataspace.adapters.flower.front import Front

            secret = own.control_secret.read_text().strip()
            shortening.wrap_superlink(Front(own.front, secret, private.CONTROL_HEADER).serve)
        case "superexec":
            _open_nursery()
        case "supernode":
            shortening.shorten_node()
    die_with(own.parent)
    sys.argv = [f"flower-{own.role}", *flower]
    program()


def die_with(parent: int) -> None:
    """End in order when `parent` ends, however it ends, and be killed where that takes too long."""
    _signal_with(parent)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        time.sleep(ORPHAN_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="orphan-watch", daemon=True).start()


def _signal_with(parent: int) -> None:
    """Have the kernel send SIGTERM when `parent` ends; without a thread, so that this process may still fork."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # It ended before the line above.
        sys.exit(1)


def _open_nursery() -> None:
    """Fork a process with the ServerApp's modules imported; the executor then starts ServerApps there."""
    from dataspace.adapters.flower import private, shortening
    from dataspace.adapters.flower.nursery import Nursery

    serverapp = private.programs()["serverapp"]()
    for module in PRELOADED:
        importlib.import_module(module)

    def run(arguments: list[str]) -> None:
        # In this process's memory only: `ps` shows the executor's own arguments, which hold no task token.
        sys.argv = ["flwr-serverapp", *arguments]
        serverapp()

    shortening.redirect_executor(Nursery(run, die_with).start)
    os.environ["FLWR_SUPEREXEC_TASK_POLL_INTERVAL"] = str(shortening.TASK_POLL_SECONDS)


def _parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    at = list(arguments).index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="dataspace.adapters.flower.launcher")
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--control-secret", type=Path)
    parser.add_argument("--front", default="")
    return parser.parse_args(list(arguments[:at])), list(arguments[at + 1 :])


if __name__ == "__main__":
    main(sys.argv[1:])
