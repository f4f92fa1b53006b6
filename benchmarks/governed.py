"""A hub in this process with tables that one researcher may read row by row: what the query benchmarks ask."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dataspace
from dataspace.bootstrap import add_person, init_hub
from dataspace.client.hub import Hub
from dataspace.model.principals import Role
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

PURPOSE = "service optimisation"
POLICY = """
policy: benchmark-{name}
title: Rows of {name}
owner: the data steward of the hub
on: {name}
allow:
  - rule: rows
    for: {purpose}
    who: permit holders
    answers: rows
    {limits}
    because: A benchmark reads them.
"""


@dataclass(frozen=True, slots=True)
class Governed:
    """The researcher's hub, the permit to name, and the files at rest of each table."""

    hub: Hub
    permit: str
    files: Mapping[str, Sequence[Path]]


@contextmanager
def governed(
    home: Path, tables: Mapping[str, Path], limits: Mapping[str, str] | None = None
) -> Iterator[Governed]:
    """Register each file under its name, publish, grant, and open the hub as the researcher.

    `limits` are those of the policy of a table, in its own notation: `limits: {rows: a <= 5}`.
    """
    settings = HubSettings(home / "hub", port=0, cut_mb=4_096)
    init_hub(settings)
    for id, role in (("sam", Role.STEWARD), ("ana", Role.RESEARCHER)):
        add_person(settings, id, id.title(), {role}, "University")
    files = {}
    with dataspace.open(settings.home, "sam") as steward, dataspace.open(settings.home, "ana") as ana:
        for name, path in tables.items():
            made = steward.register(path, name, title=name, synthetic=True, publish=True, fields=RECORD)
            digest = made.version.ref.sha256
            files[name] = sorted((settings.home / "versions" / digest).glob("*.parquet"))
            said = (limits or {}).get(name, "")
            steward.publish_policy(POLICY.format(name=name, purpose=PURPOSE, limits=said))
        asked = ana.apply(list(tables), purpose=[PURPOSE], kinds=["rows"], ethics="24-1")
        permit = steward.grant(asked)
        yield Governed(ana, str(permit.id), files)
