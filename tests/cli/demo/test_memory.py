"""Memory is that of the whole tree, and each page counts once."""

import subprocess
import sys

from dataspace.cli.demo.memory import MemoryWatch

CHILD = "b = bytearray(60_000_000); b[::4096] = b'x' * len(b[::4096]); print('ready', flush=True); input()"


def test_the_memory_of_a_child_counts_while_it_lives() -> None:
    alone = MemoryWatch()
    alone.look()
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        both = MemoryWatch()
        both.look()
        child.communicate("\n")
    assert both.processes == alone.processes + 1
    assert 50_000_000 < both.peak_bytes - alone.peak_bytes < 100_000_000


def test_the_peak_stays_after_the_child_has_gone() -> None:
    with MemoryWatch(interval=0.02) as watch:
        with subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None and child.stdout.readline() == "ready\n"
            watch.look()
            child.communicate("\n")
        peak = watch.peak_bytes
    after = MemoryWatch()
    after.look()
    assert watch.peak_bytes >= peak > after.peak_bytes
