"""The hub and the five sites as processes on this machine, under one temporary folder that is gone at the end."""

import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from dataspace.cli.demo import folders
from dataspace.cli.demo.facts import LogFacts, SiteData
from dataspace.cli.demo.hub_child import HubChild
from dataspace.cli.demo.machines import machines
from dataspace.cli.demo.policies import SITE_POLICIES
from dataspace.cli.demo.processes import Child, end_all
from dataspace.cli.demo.site_setup import SitePlan, join_and_register, log_of, put_policies_in_force
from dataspace.cli.demo.stays import DEPOSIT, DROPPED, HOSPITALS, PLANT, Row, share_out, write_stays
from dataspace.cli.demo.watching import watched
from dataspace.errors import SetupError, SiteUnavailable
from dataspace.model.names import SiteName
from dataspace.settings import SiteSettings
from dataspace.site.join import InviteFile

CONNECT_SECONDS = 60.0
LOOK_SECONDS = 0.2


class LocalWorld:
    """Implements `World`. Leaving it ends every process and removes the folder, unless `keep` and all went well."""

    def __init__(
        self, rows: Sequence[Row], environ: Mapping[str, str], keep: bool, waiting: Callable[[str], None]
    ) -> None:
        groups = {group.name: group for group in share_out(rows)}
        self._deposit_rows = groups[DEPOSIT].rows
        self._rows = {name: groups[name].rows for name in HOSPITALS}
        self._titles = {name: f"{name}: stays of {groups[name].hospitals} hospitals" for name in HOSPITALS}
        self._environ, self._keep, self._waiting = environ, keep, waiting
        self._children: list[Child] = []
        self._hub: HubChild | None = None
        self.began = time.monotonic()

    def __enter__(self) -> Self:
        self.folder = folders.make_folder()
        try:
            self._child_environ = folders.child_environment(self._environ, self.folder)
            self._hub = HubChild(self.folder, self._start)
            self._write_files()
            self._hub.wait(self._waiting)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keep and kind is None:
            (self.folder / folders.KEPT).touch()
            return
        debugging = kind is not None and self._environ.get("DATASPACE_DEBUG") == "1"
        self._end(remove=not debugging)
        if debugging:
            (self.folder / folders.KEPT).touch()
            self._waiting(f"with DATASPACE_DEBUG=1 the logs stay in {self.folder}")

    def watched(self) -> AbstractContextManager[None]:
        """Within it, a child that ends by itself is an error at once."""
        return watched(lambda: self._children)

    @property
    def hub(self) -> HubChild:
        """The hub, once the world was entered."""
        if self._hub is None:
            raise LookupError("the world has not been entered")
        return self._hub

    @property
    def deposit(self) -> Path:
        """See `World`."""
        return self.folder / "medpar_extract.csv"

    @property
    def hospital_rows(self) -> Mapping[str, Sequence[Row]]:
        """See `World`."""
        return self._rows

    def set_up_sites(self, invite: Callable[[str], tuple[str, str]]) -> Sequence[SiteData]:
        """See `World`."""
        plans = self._plans()
        invites = []
        for plan in plans:
            secret, expires = invite(plan.name)
            invites.append(InviteFile(plan.name, self.hub.url, self.hub.ca_pem, secret, expires))
        registered = []
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            # A site can go online as soon as it has joined: without a policy it refuses everything.
            for data in pool.map(join_and_register, map(self._home, plans), plans, invites):
                registered.append(data)
                self._start(data.site, "site", "run", "--home", str(self.folder / data.site))
        return registered

    def load_site_policies(self) -> Mapping[str, tuple[str, ...]]:
        """See `World`."""
        in_force: dict[str, tuple[str, ...]] = {}
        for plan in self._plans():
            in_force[plan.name] = put_policies_in_force(self._settings(plan), plan.policies)
        return in_force

    def wait_for_sites(self, sites: Sequence[str]) -> None:
        """See `World`."""
        until = time.monotonic() + CONNECT_SECONDS
        steward = self.hub.steward
        while away := [
            s for s in sites if s not in {site["name"] for site in steward.sites() if site["online"]}
        ]:
            self._waiting(f"waiting for {', '.join(away)} to connect")
            if time.monotonic() > until:
                raise SiteUnavailable(
                    f"{', '.join(away)} did not connect within {CONNECT_SECONDS:g} s.",
                    "Close what keeps this machine busy, then run the demo again.",
                )
            time.sleep(LOOK_SECONDS)

    def issuer_key(self) -> bytes:
        """See `World`."""
        return self._settings(self._plans()[0]).pinned.issuer_key

    def site_logs(self) -> Sequence[LogFacts]:
        """See `World`."""
        return [log_of(self._settings(plan)) for plan in self._plans()]

    def how_to_open(self) -> str:
        """After `keep`: how to look at the hub that still runs, and how to end it."""
        pids = " ".join(str(child.pid) for child in self._children)
        return (
            f"\nThe hub and the sites still run. Open the hub from Python ({sys.executable}):\n"
            f"  from dataspace import connect\n"
            f"  hub = connect({self.hub.url!r}, token={self.hub.researcher_token!r}, ca={str(self.hub.ca)!r})\n"
            f"End them, and remove what they wrote:\n"
            f"  kill {pids}; sleep 5; rm -r {shlex.quote(str(self.folder))}"
        )

    def _start(self, name: str, *arguments: str) -> Child:
        log = self.folder / f"{name}.log"
        command = ["-m", "dataspace.cli", *arguments]
        try:
            child = Child(name, command, self._child_environ, log, tied=not self._keep)
        except OSError as error:
            raise SetupError(
                f"{name} could not be started ({error.strerror}).",
                "Free memory or disk space, then run again.",
            ) from error
        self._children.append(child)
        return child

    def _end(self, remove: bool = True) -> None:
        self._waiting("everything is put away")
        if self._hub is not None:
            self._hub.close()  # a hub lets open connections come to their end before it ends
        end_all(self._children)
        if remove:
            folders.remove(self.folder)

    def _home(self, plan: SitePlan) -> Path:
        return self.folder / plan.name

    def _settings(self, plan: SitePlan) -> SiteSettings:
        return SiteSettings.from_environment({}, self._home(plan))

    def _plans(self) -> tuple[SitePlan, ...]:
        hospitals = tuple(
            SitePlan(
                name=SiteName(name),
                title=self._titles[name],
                file=self.folder / f"{name}.csv",
                dataset="medpar",
                drop=DROPPED,
                synthetic=False,
                policies=SITE_POLICIES[name],
            )
            for name in HOSPITALS
        )
        plant = SitePlan(
            name=SiteName(PLANT),
            title="plant-1: machines (SYNTHETIC, after the rules of AI4I 2020)",
            file=self.folder / "machines.parquet",
            dataset="machines",
            drop=(),
            synthetic=True,
            policies=SITE_POLICIES[PLANT],
        )
        return (*hospitals, plant)

    def _write_files(self) -> None:
        try:
            write_stays(self._deposit_rows, self.deposit)
            for plan in self._plans()[:-1]:
                write_stays(self._rows[plan.name], plan.file)
            pq.write_table(machines(), self._plans()[-1].file)
        except (OSError, pa.ArrowException) as error:
            raise SetupError(
                f"The data of the sites could not be written to {self.folder}.",
                "Free space there, or set TMPDIR to another place.",
            ) from error
