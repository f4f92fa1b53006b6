"""What the clerk keeps of answers, as sealed entries: their names, and what is in them.

Entries have a kind and a number in their names: `00000007-units` adds privacy units to the numbering of the lineage,
`00000008-told-<permit>-<principal>-<project>` is one answer, `…-refused-…` one of which something was refused, and
`…-planned-…` one population that was declared. The last three parts are digests.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap

from dataspace.model.codec import from_json, to_json
from dataspace.model.plans import AggregatePlan, Asked
from dataspace.planning.differencing import Box, Told

_HEAD = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was told in one answer; `whole` is the units of its cut, which counts as known.

    `population` is the condition of a population that was declared (see `condition_of`), of which `told` has the units;
    None for answers.
    """

    asked: Asked
    whole: Told
    told: tuple[Told, ...]
    population: str | None = None


def condition_of(plan: AggregatePlan) -> str:
    """The condition of a question in one spelling: of the same population, whatever is asked of it."""
    return json.dumps(to_json(plan.where), sort_keys=True)


def concerns(name: str, asked: Asked) -> bool:
    """Whether an answer counts here: of the same permit, or of the same person or project where policy says so."""
    parts = name.split("-")
    if len(parts) != 5:
        return False
    mine = tags(asked).split("-")
    across = {"principal": 1, "project": 2}
    return parts[2] == mine[0] or any(parts[2 + across[a]] == mine[across[a]] for a in asked.across)


def tags(asked: Asked) -> str:
    """Permit, principal and project, as the names of entries have them."""
    words = (
        f"permit {asked.permit}" if asked.permit else f"open {asked.principal}",
        asked.principal,
        asked.project,
    )
    return "-".join(hashlib.sha256(word.encode()).hexdigest()[:32] for word in words)


def written(entry: Entry) -> bytes:
    """An entry as bytes."""
    every = (entry.whole, *entry.told)
    bodies = [one.units.serialize() for one in every if isinstance(one.units, BitMap)]
    head = {
        "asked": to_json(entry.asked),
        "told": [[one.space, to_json(one.box), len(body)] for one, body in zip(every, bodies, strict=True)],
        "population": entry.population,
    }
    text = json.dumps(head).encode()
    return b"".join([_HEAD.pack(len(text)), text, *bodies])


def read(content: bytes) -> Entry:
    """The entry that `written` made bytes of."""
    (size,) = _HEAD.unpack_from(content)
    start = _HEAD.size + size
    head: Mapping[str, Any] = json.loads(content[_HEAD.size : start])
    every = []
    for space, box, length in head["told"]:
        every.append(Told(space, from_json(Box, box), BitMap.deserialize(content[start : start + length])))
        start += length
    return Entry(from_json(Asked, head["asked"]), every[0], tuple(every[1:]), head.get("population"))
