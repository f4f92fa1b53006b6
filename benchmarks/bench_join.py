"""From an invitation to the first answer of a site, what a site's process tree takes at rest, and how soon it stops.

There is no peer: the steps are those of `dataspace hub invite`, `site join`, `site data add`, `site policy add`, `site
run` and `dataspace count`, each as the command that people type, start of the interpreter included. Memory is the sum
of proportional set sizes over the site's tree, half a minute after its last answer.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.figure import Figure
from benchmarks.sizes import SCALE
from dataspace.testing.examples import RECORD
from dataspace.testing.stays import stays_dictionary, stays_policy

ROWS = 500
REST_SECONDS = max(3.0, 30.0 * SCALE)
DICTIONARY = stays_dictionary("los", "died")
POLICY = stays_policy("aggregate")


def dataspace(*words: str) -> str:
    """One command, which has to succeed."""
    command = [sys.executable, "-m", "dataspace.cli", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def online(log: Path, *words: str) -> Iterator[psutil.Process]:
    """A command that runs until it is ended."""
    with log.open("wb") as output:
        process = psutil.Popen([sys.executable, "-m", "dataspace.cli", *words], stdout=output, stderr=output)
    try:
        yield process
    finally:
        if process.is_running():
            process.terminate()
        process.wait(30)


def until(file: Path) -> None:
    """Wait for a file."""
    while not file.exists():
        time.sleep(0.05)


def memory(process: psutil.Process) -> int:
    """Proportional set size of a tree, in bytes."""
    tree = [process, *process.children(recursive=True)]
    return sum(one.memory_full_info().pss for one in tree)


def prepared(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A hub with a described dataset, a policy and two people; options in the name of each."""
    (folder / "dictionary.yaml").write_text(DICTIONARY)
    (folder / "policy.yaml").write_text(POLICY)
    rows = "".join(f"{i % 9},{int(i % 4 == 0)}\n" for i in range(ROWS))
    (folder / "stays.csv").write_text("los,died\n" + rows)
    at = ("--home", str(folder / "hub"))
    dataspace("hub", "init", *at, "--steward", "sam")
    dataspace("hub", "add-person", "ana", "--role", "researcher", *at)
    return (*at, "--as", "sam"), (*at, "--as", "ana")


def described(folder: Path, sam: tuple[str, ...]) -> None:
    """What the hub says of the dataset, once the hub runs."""
    dataspace("dataset", "dictionary", str(folder / "dictionary.yaml"), *sam)
    said = [
        (name, text)
        for name, texts in RECORD.items()
        for text in ([texts] if isinstance(texts, str) else texts)
    ]
    fields = [f"--field={name}={text}" for name, text in said]
    dataspace("dataset", "federated", "stays", "--dictionary", "stays", *fields, *sam)
    dataspace("policy", "publish", str(folder / "policy.yaml"), *sam)


def joined(folder: Path, sam: tuple[str, ...]) -> None:
    """The four commands of a site before it goes online."""
    at = ("--home", str(folder / "site"))
    dataspace("hub", "invite", "hospital-a", "--at-once", "--output", str(folder / "invite.json"), *sam)
    dataspace("site", "join", str(folder / "invite.json"), "--by-policy", *at)
    add = ("site", "data", "add", str(folder / "stays.csv"), "--name", "stays", "--dictionary", "stays")
    dataspace(*add, *at)
    dataspace("site", "policy", "add", str(folder / "policy.yaml"), *at)


def figure(what: str, value: float, unit: str, target: float) -> Figure:
    """All are the lower the better."""
    return Figure(what, round(value, 2), unit, "lower", target, {"rows": ROWS})


def measure(folder: Path) -> Iterator[Figure]:
    """One site, from nothing to its end."""
    sam, ana = prepared(folder)
    at = ("--home", str(folder / "site"))
    with online(folder / "hub.out", "hub", "start", "--port", "0", *sam[:2]):
        until(folder / "hub" / "address.json")
        described(folder, sam)
        started = time.perf_counter()
        joined(folder, sam)
        with online(folder / "site.out", "site", "run", *at) as site:
            dataspace("permit", "apply", "stays", "--purpose", "scientific research", *ana)
            dataspace("permit", "grant", "A-1", *sam)
            while "online" not in dataspace("hub", "sites", *sam):
                time.sleep(0.1)
            dataspace("count", "stays", "--by", "site", "--permit", "P-1", *ana)
            yield figure("site, invitation to first answer", time.perf_counter() - started, "s", 60.0)
            time.sleep(REST_SECONDS)
            yield figure("site at rest (PSS of the tree)", memory(site) / 2**20, "MB", 250.0)
            started = time.perf_counter()
            dataspace("site", "stop", *at)
            site.wait(30)
            yield figure("site stop, to the last process", time.perf_counter() - started, "s", 5.0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for found in measure(Path(place)):
            found.show()
