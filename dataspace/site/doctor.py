"""What a site's IT wants to know when something does not work: each check a line, each problem with its fix."""

import ctypes
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from dataspace.errors import DataspaceError
from dataspace.settings import SiteSettings
from dataspace.site.line import HubLine
from dataspace.site.unreachable import why_not
from dataspace.site.will import FileWill

SECONDS = 5.0
LEAST_FREE = 1 << 30
CLOCK_SECONDS = 60.0
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_VERSION = 1
"""Linux: the number of the system call (the same on all architectures), and the flag that only asks."""


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    verdict: Verdict
    text: str


def examine(settings: SiteSettings) -> Iterator[Finding]:
    """Check disk, isolation, the kill switch, and the line to the hub. Changes nothing, raises nothing."""
    yield _disk(settings.home)
    yield _isolation()
    if FileWill(settings.home).stopped():
        yield Finding(
            Verdict.WARN, "the kill switch is on: nothing is answered. Fix: `dataspace site run --resume`"
        )
    yield from _hub(settings)
    yield _superlink(settings)


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    words = f"disk: {free >> 20:,} MB free"
    if free < LEAST_FREE:
        return Finding(
            Verdict.WARN, f"{words}, less than {LEAST_FREE >> 20:,} MB. Fix: make room in '{home}'"
        )
    return Finding(Verdict.OK, words)


def _isolation() -> Finding:
    kernel = os.uname().release
    version = ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    if version > 0:
        return Finding(Verdict.OK, f"isolation: Landlock, version {version} (kernel {kernel})")
    return Finding(
        Verdict.WARN,
        f"isolation: no Landlock (kernel {kernel}); workers run without it. Fix: a kernel that has it",
    )


def _hub(settings: SiteSettings) -> Iterator[Finding]:
    try:
        line = HubLine(settings.pinned.hub, settings.pinned.hub_ca)
        try:
            said = line.health()
        finally:
            line.close()
    except DataspaceError as error:
        yield Finding(Verdict.FAIL, f"hub: {error.fact} Fix: {error.hint or 'ask the steward of the hub.'}")
        return
    yield Finding(Verdict.OK, f"hub: {settings.pinned.hub} answers, verified by the pinned certificate")
    apart = (datetime.fromisoformat(str(said["now"])) - datetime.now(UTC)).total_seconds()
    if abs(apart) > CLOCK_SECONDS:
        yield Finding(Verdict.FAIL, f"clock: {apart:+.1f} s from the hub's. Fix: set both by NTP")
    else:
        yield Finding(Verdict.OK, f"clock: {apart:+.1f} s from the hub's")


def _superlink(settings: SiteSettings) -> Finding:
    host, _, port = settings.pinned.superlink.rpartition(":")
    context = ssl.create_default_context(cadata=settings.pinned.superlink_ca)
    try:
        with (
            socket.create_connection((host, int(port)), timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return Finding(
                Verdict.OK, f"runs: {settings.pinned.superlink} answers, verified by the pinned certificate"
            )
    except OSError as error:
        fact, hint = why_not(error, host, int(port))
        return Finding(Verdict.FAIL, f"runs: {fact} Fix: {hint}")
    except ValueError:
        return Finding(
            Verdict.FAIL,
            f"runs: '{settings.pinned.superlink}' is no address. Fix: join again with a new invitation",
        )
