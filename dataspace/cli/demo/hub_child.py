"""The hub of the demo: its home and its people made here, then run as `dataspace hub start`."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import dataspace
from dataspace.bootstrap import build_hub, init_hub
from dataspace.cli.demo.processes import Child
from dataspace.client.hub import Hub
from dataspace.errors import SetupError
from dataspace.model.names import PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.settings import HubSettings

START_SECONDS = 60.0
LOOK_SECONDS = 0.05
PEOPLE = (
    Principal(PrincipalId("stefan"), "Stefan, data steward", frozenset({Role.STEWARD}), "the AI factory"),
    Principal(PrincipalId("ana"), "Ana, researcher", frozenset({Role.RESEARCHER}), "a university"),
    Principal(PrincipalId("ada"), "Ada, auditor", frozenset({Role.AUDITOR}), "an auditing firm"),
)
"""Invented."""


class HubChild:
    """The hub as a process, and one client for each of its people."""

    def __init__(self, folder: Path, start: Callable[..., Child]) -> None:
        self._home = folder / "hub"
        settings = HubSettings(self._home, port=0)
        init_hub(settings)
        services = build_hub(settings)
        try:
            for person in PEOPLE:
                services.people.put(person)
            self._tokens = {person.id: services.token(person.id) for person in PEOPLE}
        finally:
            services.close()
        self._clients: dict[PrincipalId, Hub] = {}
        self._child = start("hub", "hub", "start", "--home", str(self._home))

    def wait(self, waiting: Callable[[str], None]) -> None:
        """Until the hub says where it is; raises SetupError where it ends or is not there in time."""
        until = time.monotonic() + START_SECONDS
        while not (self._home / "address.json").is_file():
            waiting("the hub starts")
            self._child.check()
            if time.monotonic() > until:
                raise SetupError(
                    f"The hub did not start within {START_SECONDS:g} s.",
                    "Close what keeps this machine busy, then run the demo again.",
                )
            time.sleep(LOOK_SECONDS)
        said = json.loads((self._home / "address.json").read_text())
        self.url, self.ca = str(said["url"]), Path(said["ca"])
        self.ca_pem = self.ca.read_text()
        for person in PEOPLE:
            token = self._tokens[person.id]
            self._clients[person.id] = dataspace.connect(self.url, token=token, ca=str(self.ca))

    @property
    def steward(self) -> Hub:
        """The hub as its steward sees it."""
        return self._clients[PEOPLE[0].id]

    @property
    def researcher(self) -> Hub:
        """The hub as the researcher sees it."""
        return self._clients[PEOPLE[1].id]

    @property
    def auditor(self) -> Hub:
        """The hub as the auditor sees it."""
        return self._clients[PEOPLE[2].id]

    @property
    def researcher_token(self) -> str:
        """What the researcher signs in with."""
        return self._tokens[PEOPLE[1].id]

    def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            client.close()
