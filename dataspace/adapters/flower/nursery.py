"""Starts ServerApps by forking a process that has everything imported: 20 ms instead of 2 s for each run.

The nursery is forked from the executor before that opens a connection or starts a thread, so that what a ServerApp
inherits is modules and nothing else.
"""

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial

REQUEST_BYTES = 64 << 10


class Nursery:
    """A forked process that forks `program` on request. It ends with the process that made it, and so do its children.

    `on_birth` is called in each new process with the pid of its parent, before anything else.
    """

    def __init__(self, program: Callable[[list[str]], None], on_birth: Callable[[int], None]) -> None:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = here
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            here.close()
            _in_child(lambda: _serve(there, program, on_birth), on_birth, parent)
        there.close()

    def start(self, arguments: Sequence[str]) -> int:
        """Start the program with these arguments, which other processes cannot see; its pid."""
        self._socket.send(json.dumps(list(arguments)).encode())
        answer = self._socket.recv(REQUEST_BYTES)
        if not answer:
            raise ChildProcessError("the nursery has ended")
        return int(answer)


def _serve(
    requests: socket.socket, program: Callable[[list[str]], None], on_birth: Callable[[int], None]
) -> None:
    # The kernel reaps: a ServerApp that has ended leaves no zombie, and its end is seen from outside.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    nursery = os.getpid()
    while request := requests.recv(REQUEST_BYTES):
        arguments: list[str] = json.loads(request)
        pid = os.fork()
        if pid == 0:
            requests.close()
            # The app starts children of its own, and wants their exit codes.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _in_child(partial(program, arguments), on_birth, nursery)
        requests.send(str(pid).encode())


def _in_child(work: Callable[[], None], on_birth: Callable[[int], None], parent: int) -> None:
    """Do the work and end the process here, whatever happens: it must not return into the code of its parent."""
    code = 1
    try:
        on_birth(parent)
        work()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001  Nothing may escape into the parent's stack.
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
