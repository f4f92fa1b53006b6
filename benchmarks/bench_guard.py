"""What a site's guard costs beside its worker, for each message of a training run: in one process, without a network.

What the worker takes is measured within each message and taken off: the rest is the guard's own work, among it two
records that are on disk before anything leaves, and signatures. The worker is warm, the list of permits is fresh.
The peer is the least that any guard does: verify one Ed25519 signature and write one line to disk.
"""

import os
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.client.views import PermitView
from dataspace.connecting import EmbeddedFederation
from dataspace.errors import SiteUnavailable
from dataspace.model.names import PermitId, SiteName
from dataspace.model.runs import Arrays, SiteMessage, SiteReply
from dataspace.ports import CutLease, Engine
from dataspace.service.registering import Registration
from dataspace.site.status import HubStatus
from dataspace.site.will import document_digest
from dataspace.testing.examples import RECORD
from dataspace.testing.stays import stays_dictionary, stays_policy

SITE, OTHERS = "hospital-a", ("hospital-b", "hospital-c")
MESSAGES = scaled(120, 30)
DICTIONARY = stays_dictionary("died", "age80", "type")
POLICY = stays_policy("[train]")


def stays(path: Path) -> Path:
    """1,500 invented stays."""
    draw = random.Random(7)  # noqa: S311 - invented data, not a key
    lines = ["died,age80,type"]
    lines += [f"{draw.randint(0, 1)},{draw.randint(0, 1)},{draw.randint(1, 3)}" for _ in range(1_500)]
    path.write_text("\n".join(lines) + "\n")
    return path


def world(folder: Path) -> tuple[EmbeddedFederation, PermitView]:
    """A hub and a site with data, and a permit that the site countersigned."""
    federation = EmbeddedFederation(folder, {"sam": "steward", "ana": "researcher"}, [SITE, *OTHERS])
    steward, site = federation.hub("sam"), federation.sites[SITE]
    steward.load_dictionary(DICTIONARY)
    steward.describe_federated("stays", "stays", fields=RECORD)
    site.publishing.dictionary(site.steward, DICTIONARY)
    said = Registration("stays", dictionary="stays", publish=True)
    site.depositing.register(site.steward, stays(folder / "stays.csv"), said)
    steward.publish_policy(POLICY)
    site.publishing.publish(site.steward, POLICY)
    for name in (SITE, *OTHERS):  # the others are asked as well, and refuse
        federation.offer(name, ["stays"])
    permit = steward.grant(
        federation.hub("ana").apply("stays", purpose="scientific research", kinds=["train"])
    )
    site.will.accept(PermitId(permit.id), document_digest(permit.jws))
    return federation, permit


def heard(federation: EmbeddedFederation, permit: PermitView) -> SiteMessage:
    """A message as the coordinator sends it, taken down at the site."""
    site, kept = federation.sites[SITE], list[SiteMessage]()
    guard = site.guard

    class Listening:
        """Takes it down, and answers nothing."""

        def handle(self, message: SiteMessage) -> SiteReply:
            kept.append(message)
            return SiteReply(SiteName(SITE), refused="site.stopped", reason="It was taken down.")

    object.__setattr__(site, "guard", Listening())
    try:
        federation.hub("ana").glm("died ~ age80 + type", permit=permit, rounds=100)
    except SiteUnavailable:
        pass
    finally:
        object.__setattr__(site, "guard", guard)
    return kept[0]


def least(folder: Path, message: SiteMessage) -> None:
    """What any guard would do at least."""
    key = PEER_KEY.public_key()
    key.verify(PEER_SIGNATURE, PEER_TEXT)
    with (folder / "peer.log").open("ab") as file:
        file.write(message.run.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


PEER_KEY = Ed25519PrivateKey.generate()
PEER_TEXT = bytes(3_000)
PEER_SIGNATURE = PEER_KEY.sign(PEER_TEXT)


def main() -> None:
    """The wall and the processor time of the same messages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        federation, permit = world(folder)
        try:
            message, guard = heard(federation, permit), federation.sites[SITE].guard
            timed = RecordedStep(guard.engine)
            # As a site has it: the list is asked for every 15 minutes, and not for every message.
            status = HubStatus(federation._services.permitting.status, guard.seal, guard.issuer)
            recorded = replace(guard, engine=timed, status=status)  # type: ignore[arg-type]
            assert not recorded.handle(message).refused, recorded.handle(message).reason
            whole, worker, peer, cpu = [], [], [], []
            for number in range(MESSAGES):
                timed.seconds = 0.0
                start, busy = time.perf_counter(), time.thread_time()
                recorded.handle(replace(message, round=1 + number % 100))
                whole.append(time.perf_counter() - start)
                cpu.append(time.thread_time() - busy)
                worker.append(timed.seconds)
                start = time.perf_counter()
                least(folder, message)
                peer.append(time.perf_counter() - start)
        finally:
            federation.close()
    own = [all_ - step for all_, step in zip(whole, worker, strict=True)]
    Figure(
        figure="guard's own work for one message of a training run, p50",
        value=round(median(own[10:]) * 1e3, 2),
        unit="ms",
        better="lower",
        target=10.0,
        counts={"messages": MESSAGES - 10, "rows": 1_500},
        peer="one Ed25519 verification and one line on disk",
        peer_value=round(median(peer[10:]) * 1e3, 2),
    ).show()
    Figure(
        figure="the same, processor time alone: without waiting for the disk or for others, p50",
        value=round(median(cpu[10:]) * 1e3, 2),
        unit="ms",
        better="lower",
        target=10.0,
        counts={"messages": MESSAGES - 10, "rows": 1_500},
    ).show()


class RecordedStep:
    """The real engine, which notes how long its worker took."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.seconds = engine, 0.0

    def step(
        self, session: str, message: SiteMessage, leases: Sequence[CutLease]
    ) -> tuple[Mapping[str, Any], Arrays]:
        """As the engine's, timed."""
        start = time.perf_counter()
        try:
            return self._engine.step(session, message, leases)
        finally:
            self.seconds += time.perf_counter() - start

    def close(self, session: str) -> None:
        """As the engine's."""
        self._engine.close(session)


if __name__ == "__main__":
    main()
