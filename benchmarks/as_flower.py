"""The same fit on Flower as released: SuperLink, executors and SuperNodes in their stock programs, and a small app.

TLS with node authentication, `--isolation process`, one executor for the server and one for each node: a message
starts a process, which reads its rows and answers with the sums of one Newton step.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import psutil
from cryptography.hazmat.primitives import serialization

from dataspace.adapters.flower.addresses import free_port
from dataspace.adapters.flower.node_key import make_node_key
from dataspace.adapters.tls import Authority

HOST = "127.0.0.1"
PROGRAMS = Path(sys.executable).parent
START_SECONDS, RUN_SECONDS = 60.0, 240.0
PROJECT = """
[project]
name = "bare-round"
version = "1.0.0"
license = { file = "LICENSE" }
dependencies = ["flwr>=1.41,<1.43"]
[tool.flwr.app]
publisher = "benchmark"
fab-format-version = 1
flwr-version-target = "1.41.0"
[tool.flwr.app.components]
serverapp = "bare_round.server_app:app"
clientapp = "bare_round.client_app:app"
[tool.flwr.app.config]
told = ""
sites = 0
terms = 0
rounds = 0
evaluated = 0
"""
SERVER = """
import json, time
from pathlib import Path
import numpy as np
from flwr.app import ArrayRecord, Message, MessageType, RecordDict
from flwr.serverapp import ServerApp

app = ServerApp()


def ask(grid, nodes, kind, beta):
    messages = [Message(RecordDict({"beta": ArrayRecord([beta])}), node, kind) for node in nodes]
    replies = list(grid.send_and_receive(messages))
    assert len(replies) == len(nodes) and not any(reply.has_error() for reply in replies)
    return [reply.content for reply in replies]


@app.main()
def main(grid, context):
    wanted = context.run_config
    while len(nodes := sorted(grid.get_node_ids())) < wanted["sites"]:
        time.sleep(0.2)
    beta, seconds = np.zeros(wanted["terms"]), {"fused": [], "evaluated": []}
    for kind, rounds in (("fused", wanted["rounds"]), ("evaluated", wanted["evaluated"])):
        for _ in range(rounds):
            began = time.perf_counter()
            parts = [content["sums"].to_numpy_ndarrays() for content in ask(grid, nodes, MessageType.TRAIN, beta)]
            gradient, hessian = (sum(part[i] for part in parts) for i in (0, 1))
            beta = beta + np.linalg.solve(hessian, gradient)
            if kind == "evaluated":
                ask(grid, nodes, MessageType.EVALUATE, beta)
            seconds[kind].append(time.perf_counter() - began)
    told = Path(wanted["told"])
    told.with_suffix(".part").write_text(json.dumps({"seconds": seconds, "beta": beta.tolist()}))
    told.with_suffix(".part").rename(told)
"""
CLIENT = """
import numpy as np
from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


def read(message, context):
    (beta,) = message.content["beta"].to_numpy_ndarrays()
    rows = np.loadtxt(context.node_config["rows"], delimiter=",", skiprows=1)
    x, y = np.column_stack([np.ones(len(rows)), rows[:, :-1]]), rows[:, -1]
    score = x @ beta
    told = {"n": len(y), "events": int(y.sum()), "log_likelihood": float(np.sum(y * score - np.logaddexp(0, score)))}
    return x, y, 1 / (1 + np.exp(-score)), MetricRecord(told)


@app.train()
def train(message, context):
    x, y, chance, told = read(message, context)
    sums = ArrayRecord([x.T @ (y - chance), (x * (chance * (1 - chance))[:, None]).T @ x])
    return Message(RecordDict({"sums": sums, "told": told}), reply_to=message)


@app.evaluate()
def evaluate(message, context):
    return Message(RecordDict({"told": read(message, context)[-1]}), reply_to=message)
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of the rounds, in order, and the coefficients after the last."""

    fused: Sequence[float]
    """One exchange a round: the sums."""
    evaluated: Sequence[float]
    """Two: the sums, then how the new coefficients do; Flower's own strategies work so."""
    beta: Sequence[float]


@dataclass(frozen=True, slots=True)
class BareFlower:
    """A SuperLink that runs, with its nodes."""

    folder: Path
    sites: int

    def fit(self, terms: int, rounds: int, evaluated: int) -> Timed:
        """Newton steps from zero: `rounds` of one exchange, then `evaluated` of two."""
        told = self.folder / f"told-{token_hex(4)}.json"
        asked = f'told="{told}" sites={self.sites} terms={terms} rounds={rounds} evaluated={evaluated}'
        flwr(self.folder, "run", str(self.folder / "app"), "hub", "--run-config", asked)
        deadline = time.monotonic() + RUN_SECONDS
        while not told.exists():
            if time.monotonic() > deadline:
                raise TimeoutError((self.folder / "executor.out").read_text()[-2_000:])
            time.sleep(0.2)
        found = json.loads(told.read_text())
        return Timed(**found["seconds"], beta=found["beta"])


@contextmanager
def bare_flower(folder: Path, rows: Mapping[str, Path]) -> Iterator[BareFlower]:
    """Start all of it, and leave nothing running; `rows` is the CSV file of each site, the target its last column."""
    address = _prepared(folder)
    host, port = address.split(":")
    secret = ("--superexec-auth-secret-file", "secret")
    inside, root = ("--isolation", "process", *secret), ("--root-certificates", "ca/ca.crt")
    proof = [
        "--ssl-ca-certfile",
        "ca/ca.crt",
        "--ssl-certfile",
        "tls/server.crt",
        "--ssl-keyfile",
        "tls/server.key",
    ]
    link = [*proof, "--enable-supernode-auth", "--disable-runtime-dependency-installation", *inside]
    with ExitStack() as held:

        def start(name: str, program: str, *words: str) -> None:
            held.enter_context(_online(folder, name, program, *words))

        start("link", "flower-superlink", "--host", host, "--port", port, *link)
        start("executor", "flower-superexec", "--runtime-api-address", address, *root, *secret)
        for site, path in rows.items():
            _register(folder, site)
            inner = str(free_port(HOST))
            own = ("--auth-supernode-private-key", f"{site}.key", "--node-config", f'rows="{path}"')
            at = ("--host", HOST, "--port", inner)
            start(site, "flower-supernode", "--superlink", address, *root, *own, *at, *inside)
            near = ("--runtime-api-address", f"{HOST}:{inner}", "--insecure")
            start(f"{site}-executor", "flower-superexec", *near, *secret)
        yield BareFlower(folder, len(rows))


def flwr(folder: Path, *words: str) -> str:
    """A command of Flower's own, which has to succeed."""
    command = [str(PROGRAMS / "flwr"), *words]
    done = subprocess.run(
        command, cwd=folder, env=_environment(folder, "cli"), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def _prepared(folder: Path) -> str:
    """Certificates, the secret, the app and the configuration of the command line; where the SuperLink will be."""
    address = f"{HOST}:{free_port(HOST)}"
    authority = Authority.create(folder / "ca")
    authority.issue_server(("localhost", HOST), folder / "tls")
    (folder / "secret").write_text(token_hex(32))
    app = {
        "pyproject.toml": PROJECT,
        "LICENSE": "Apache License, Version 2.0\n",
        "bare_round/__init__.py": "",
        "bare_round/server_app.py": SERVER,
        "bare_round/client_app.py": CLIENT,
    }
    connection = f'address = "{address}"\nroot-certificates = "{folder / "ca/ca.crt"}"\n'
    config = {"config.toml": f'[superlink]\ndefault = "hub"\n[superlink.hub]\n{connection}'}
    for below, files in ((folder / "app", app), (folder / "flwr-cli", config)):
        for name, text in files.items():
            (below / name).parent.mkdir(parents=True, exist_ok=True)
            (below / name).write_text(text)
    return address


def _register(folder: Path, site: str) -> None:
    """Make the node's key, and have the SuperLink know it, which has to answer by now."""
    public = serialization.load_pem_public_key(make_node_key(folder / f"{site}.key"))
    text = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    (folder / f"{site}.pub").write_bytes(text)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            flwr(folder, "supernode", "register", f"{site}.pub", "hub", "--name", site)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def _environment(folder: Path, name: str) -> dict[str, str]:
    own = {"FLWR_HOME": str(folder / f"flwr-{name}"), "FLWR_TELEMETRY_ENABLED": "0"}
    found = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **own, "FLWR_DISABLE_UPDATE_CHECK": "1", "PATH": found}


@contextmanager
def _online(folder: Path, name: str, program: str, *words: str) -> Iterator[None]:
    """A program that runs until it is ended, with all that it started."""
    told: dict[str, Any] = {"cwd": folder, "env": _environment(folder, name)}
    with (folder / f"{name}.out").open("wb") as output:
        process = psutil.Popen([str(PROGRAMS / program), *words], stdout=output, stderr=output, **told)
    try:
        yield
    finally:
        tree = [process, *process.children(recursive=True)] if process.is_running() else []
        for end in ("terminate", "kill"):
            for one in tree:
                with suppress(psutil.NoSuchProcess):
                    getattr(one, end)()
            _, tree = psutil.wait_procs(tree, timeout=10)
        process.wait()
