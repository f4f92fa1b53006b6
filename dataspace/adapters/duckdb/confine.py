"""Confining this process for good: resource limits, no file but its libraries, no network, no other process.

To be called before anything is opened or any library of foreign code is loaded. Landlock (files, TCP, signals) binds
the calling thread and all that it starts later; seccomp closes what Landlock leaves open: UDP, netlink and unix
sockets, signals, the memory of others. Both need no root.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

_PACKAGE = Path(__file__).parents[2]
_LIBC = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 4, 38, 22
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3


class Isolation(StrEnum):
    """How far the kernel confines the engine's processes."""

    A = "A"
    """Landlock and seccomp: no files, no network, no other process."""
    B = "B"
    """Seccomp alone: files that the account may read stay readable, should the engine be broken."""
    C = "C"
    """Neither: only the gate and the engine's own settings stand."""


def confine(parent: int, memory_bytes: int, cpu_seconds: int, forks: bool = False) -> Isolation:
    """Confine this process. Raises OSError where the kernel knows a wall but would not put it up.

    With `forks` it may start and end copies of itself: each has to call `close_in` before anything else.
    """
    _die_with(parent)
    _limit(memory_bytes, cpu_seconds)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    _drop_capabilities()
    files = _landlock(readable_paths())
    if not _seccomp(_FORKS if forks else frozenset()):
        return Isolation.C
    return Isolation.A if files else Isolation.B


def close_in(parent: int, cpu_seconds: int, file_bytes: int) -> None:
    """Confine a copy of a process that may fork: it may not, cannot read of the other copies in /proc, nor leave them
    anything in shared memory. `file_bytes` bounds what it may write into a file that it was given. Raises OSError."""
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    _landlock(path for path in readable_paths() if path.parts[:2] != ("/", "proc"))
    if not _seccomp():
        raise OSError(errno.ENOSYS, "seccomp")


def readable_paths() -> list[Path]:
    """What the engine's libraries need: code, time zones, the number of processors, and this process itself."""
    schemes = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    system = [
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/etc/ld.so.cache",
        "/etc/localtime",
    ]
    kernel = ["/usr/share/zoneinfo", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/dev/null", "/dev/urandom"]
    own = [f"/proc/{os.getpid()}", str(Path(sys.base_prefix) / "lib"), str(_PACKAGE)]
    return [path for path in map(Path, [*schemes, *system, *kernel, *own]) if path.exists()]


def _die_with(parent: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the request was in place
        sys.exit(1)


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))


def _drop_capabilities() -> None:
    """Where an administrator runs this, it keeps none of an administrator's powers."""
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return
    header = struct.pack("=Ii", 0x20080522, 0)
    if _LIBC.syscall((126, 91)[known[0]], header, bytes(24)):
        raise OSError(ctypes.get_errno(), "capset")


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _landlock(readable: Iterable[Path]) -> bool:
    """Allow reading below these paths and nothing else. False where the kernel has no Landlock."""
    version = _LIBC.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return False
    rights = 13 if version < 2 else 14 if version < 3 else 15 if version < 5 else 16
    # files; TCP bind and connect; abstract unix sockets and signals of processes outside
    attributes = struct.pack("=QQQ", (1 << rights) - 1, 3, 3)[
        : 8 if version < 4 else 16 if version < 6 else 24
    ]
    rules = _LIBC.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    if rules < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    for path in readable:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        access = _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE
        if _LIBC.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", access, handle), 0):
            raise OSError(ctypes.get_errno(), "landlock_add_rule")
        os.close(handle)
    if _LIBC.syscall(_LANDLOCK_RESTRICT, rules, 0):
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(rules)
    return True


# Denied by number: x86_64, aarch64 (-1: has no such call).
_DENIED: dict[str, tuple[int, int]] = {
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "accept4": (288, 242), "bind": (49, 200),
    "listen": (50, 201), "socketpair": (53, 199), "fork": (57, -1), "vfork": (58, -1), "execve": (59, 221),
    "execveat": (322, 281), "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "kcmp": (312, 272), "setpriority": (141, 140), "sched_setaffinity": (203, 122), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "unshare": (272, 97), "setns": (308, 268), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142),
    "chmod": (90, -1), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, -1),
    "fchown": (93, 55), "lchown": (94, -1), "fchownat": (260, 54), "utime": (132, -1), "utimes": (235, -1),
    "futimesat": (261, -1), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159), "swapon": (167, 224),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "semctl": (66, 191), "mq_open": (240, 180),
    "ioprio_set": (251, 30), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "setpgid": (109, 154), "migrate_pages": (256, 238), "move_pages": (279, 239),
}  # fmt: skip

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_CLONE, _CLONE3, _TGKILL, _PRLIMIT = (56, 220), 435, (234, 131), (302, 261)
_CLONE_THREAD = 0x00010000
_FORKS = frozenset({"fork", "vfork", "kill"})
"""What a process needs that starts copies of itself and ends them, besides `clone`."""

_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16


def _refuse(code: int) -> int:
    return 0x00050000 | code


def _program(column: int, architecture: int, granted: frozenset[str] = frozenset()) -> bytes:
    """The filter: a load, a comparison that skips one step where it does not hold, a verdict. `granted` by name."""
    steps = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL)]
    steps += [(_LOAD, 0, 0, _NUMBER)]
    # The second numbering of x86_64 (x32) would slip past comparisons with the first.
    steps += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _refuse(errno.EPERM))]
    for name, numbers in _DENIED.items():
        number = numbers[column]
        if number >= 0 and name not in granted:
            steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _refuse(errno.EPERM))]
    # Its flags are in memory, where a filter cannot look: the C library falls back to clone.
    steps += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _refuse(errno.ENOSYS))]
    if "fork" not in granted:
        steps += [(_EQUAL, 0, 4, _CLONE[column]), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
        steps += [(_ANY_BIT, 0, 1, _CLONE_THREAD)]
        steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _refuse(errno.EPERM))]
    for number in (_TGKILL[column], _PRLIMIT[column]):  # on oneself only: abort() and getrlimit()
        steps += [(_EQUAL, 0, 5, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 2, 0, os.getpid())]
        steps += [(_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _refuse(errno.EPERM)), (_RETURN, 0, 0, _ALLOW)]
    steps += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _seccomp(granted: frozenset[str] = frozenset()) -> bool:
    """Deny the calls above with EPERM, but those `granted`. False where the processor or the kernel is not known to
    have it."""
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return False
    program = ctypes.create_string_buffer(_program(*known, granted))
    header = struct.pack("@HP", (len(program) - 1) // 8, ctypes.addressof(program))
    if _LIBC.prctl(_PR_SET_SECCOMP, 2, header, 0, 0):
        if ctypes.get_errno() == errno.EINVAL:
            return False
        raise OSError(ctypes.get_errno(), "seccomp")
    return True
