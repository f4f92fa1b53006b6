"""What code that has taken over a worker can still reach: nothing but its own memory and its sockets.

Each attempt runs as native or Python code inside a process that was confined as workers are.
"""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
import json, os, socket, sys
import ctypes, signal, threading, resource
target, secret, parent = sys.argv[1], sys.argv[2], int(sys.argv[3])
from dataspace.adapters.duckdb.confine import confine
level = confine(os.getppid(), 4 * 2**30, 600)
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "done"

def attempt():
{body}

try:
    result = attempt()
except BaseException as error:
    result = "refused: " + type(error).__name__ + " " + str(getattr(error, "errno", ""))
print(json.dumps([level.value, str(result)]))
"""

REFUSED = {
    "read a file of the account": "open(secret).read()",
    "read a file by descriptor path": "os.open(secret, os.O_RDONLY)",
    "list the folder of the data": "os.listdir(os.path.dirname(secret))",
    "write into the temporary folder": "open('/tmp/left-behind', 'w')",
    "write into shared memory": "open('/dev/shm/left-behind', 'w')",
    "write beside its own code": "open(sys.modules['dataspace.adapters.duckdb.confine'].__file__, 'a')",
    "read the password file": "open('/etc/passwd').read()",
    "read the environment of the gateway": "open(f'/proc/{parent}/environ').read()",
    "read the memory of the gateway": "open(f'/proc/{parent}/mem', 'rb').read(1)",
    "list the open files of the gateway": "os.listdir(f'/proc/{parent}/fd')",
    "read the command lines of others": "open('/proc/1/cmdline').read()",
    "connect over TCP": "socket.create_connection(('127.0.0.1', 9))",
    "make a UDP socket": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "make an IPv6 socket": "socket.socket(socket.AF_INET6)",
    "make a unix socket": "socket.socket(socket.AF_UNIX)",
    "make a netlink socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "make a socket pair": "socket.socketpair()",
    "resolve a name": "socket.getaddrinfo('example.org', 443)",
    "signal the gateway": "os.kill(parent, signal.SIGWINCH)",
    "test whether the gateway is there": "os.kill(parent, 0)",
    "signal everybody": "os.kill(-1, 0)",
    "queue a signal": "call(129, parent, 28, ctypes.create_string_buffer(128))",
    "signal by thread group": "call(234, parent, parent, 28)",
    "open a handle on the gateway": "os.pidfd_open(parent)",
    "trace the gateway": "call(101, 9999, parent, 0, 0)",
    "read memory across processes": "call(310, parent, 0, 0, 0, 0, 0)",
    "write memory across processes": "call(311, parent, 0, 0, 0, 0, 0)",
    "look at or change the limits of the gateway": "resource.prlimit(parent, resource.RLIMIT_NOFILE)",
    "start a program": "os.execv('/bin/true', ['true'])",
    "start a child": "__import__('subprocess').run(['/bin/true'])",
    "fork": "os.fork()",
    "make a namespace": "call(272, 0x10000000)",
    "mount": "call(165, b'none', b'/nowhere', b'tmpfs', 0, 0)",
    "load a filter into the kernel": "call(321, 0, 0, 0)",
    "make its files unreadable": "os.chmod(secret, 0)",
    "give its files away": "os.chown(secret, 1, 1)",
    "change their times": "os.utime(secret, (1, 1))",
    "label them": "os.setxattr(secret, 'user.x', b'y')",
    "remove them": "os.unlink(secret)",
    "move them": "os.rename(secret, secret + '.x')",
    "make a device": "os.mknod('/tmp/left-behind', 0o20600, os.makedev(1, 1))",
    "change its account": "os.setuid(1)",
    "use io_uring": "call(425, 8, ctypes.create_string_buffer(256))",
    "use the second system call table": "call(0x40000000 + 41, 2, 1, 0)",
    "use a key ring": "call(250, 0, -3, 0)",
    "open by handle": "call(304, -100, 0, 0)",
    "raise its own limits": "resource.setrlimit(resource.RLIMIT_AS, (2**60, 2**60))",
    "dump core": "resource.setrlimit(resource.RLIMIT_CORE, (1, 1))",
    "take more memory than its limit": "bytearray(8 * 2**30)",
}  # fmt: skip

# How the ones say no that are not asked of the kernel directly.
OTHERWISE = {
    "resolve a name": ("refused: gaierror",),
    "raise its own limits": ("refused: ValueError",),
    "dump core": ("refused: ValueError",),
    "take more memory than its limit": ("refused: MemoryError",),
}

# Without these a worker could do no work at all; they show that the refusals are not of everything.
ALLOWED = {
    "start a thread": "[t := threading.Thread(target=len, args=('',)), t.start(), t.join()] and 'done'",
    "load its libraries": "__import__('json.tool') and 'done'",
    "read random numbers": "os.urandom(8) and 'done'",
    "know its own processors": "os.sched_getaffinity(0) and 'done'",
    "hold no capability": "'CapEff:\\t0000000000000000\\n' in open('/proc/self/status').read() and 'done'",
    "read its own status": "open('/proc/self/status').read() and 'done'",
}


def outcome(body: str, tmp_path: Path) -> list[str]:
    secret = tmp_path / "secret.parquet"
    secret.write_text("rows")
    program = PROGRAM.replace("{body}", textwrap.indent(f"return {body}", "    "))
    command = [sys.executable, "-I", "-c", program, str(tmp_path), str(secret), str(os.getpid())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={})
    assert done.returncode == 0, done.stderr
    answer: list[str] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.fixture(scope="module")
def isolation(tmp_path_factory: pytest.TempPathFactory) -> str:
    return outcome("1", tmp_path_factory.mktemp("probe"))[0]


@pytest.mark.parametrize("attempt", REFUSED)
def test_a_confined_process_cannot(attempt: str, tmp_path: Path, isolation: str) -> None:
    if isolation != "A":
        pytest.skip(f"this kernel reaches isolation level {isolation}, not A: no Landlock")
    if os.uname().machine != "x86_64" and "call(" in REFUSED[attempt]:
        pytest.skip("the numbers of these calls are those of x86_64")
    result = outcome(REFUSED[attempt], tmp_path)[1]
    assert result.startswith(("refused: PermissionError", *OTHERWISE.get(attempt, ()))), result
    assert not Path("/dev/shm/left-behind").exists()
    assert not Path("/tmp/left-behind").exists()


@pytest.mark.parametrize("attempt", ALLOWED)
def test_a_confined_process_can(attempt: str, tmp_path: Path) -> None:
    assert outcome(ALLOWED[attempt], tmp_path)[1] == "done"


@pytest.mark.parametrize(
    "attempt", ["read a file of the account", "make a UDP socket", "test whether the gateway is there"]
)
def test_without_walls_the_same_attempts_succeed(attempt: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("rows")
    program = PROGRAM.replace(
        "level = confine(os.getppid(), 4 * 2**30, 600)",
        "from enum import Enum; level = Enum('L', {'N': 'none'}).N",
    )
    program = program.replace("{body}", f"    return [{REFUSED[attempt]}] and 'done'")
    command = [sys.executable, "-I", "-c", program, str(tmp_path), str(tmp_path / "secret"), str(os.getpid())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env={})
    assert json.loads(done.stdout)[1] == "done"
