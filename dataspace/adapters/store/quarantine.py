"""A policy whose row was spoilt: it stops what it spoke of, and nothing else.

A row that this version cannot read as a policy may still say which data its rules are about. Then a prohibition over
just these stands in its place, under the same name, until its steward publishes it again. Where even that cannot be
told, it could have been about anything: then it is an error, and nothing is decided.
"""

import json
import logging

from dataspace.adapters.store.documents import unpacked
from dataspace.errors import SetupError
from dataspace.model.codec import from_json
from dataspace.model.names import PolicyId, RuleId
from dataspace.model.policies import Effect, Policy, Rule, Target

_log = logging.getLogger("dataspace.adapters.store.quarantine")


def readable(id: str, body: str) -> Policy:
    """The policy of a row, or what stands in its place. Raises SetupError where its data cannot be told."""
    try:
        return unpacked(Policy, body)
    except (SetupError, RecursionError) as error:
        targets = _targets(body)
        if not targets:
            raise SetupError(
                f"The policy '{id}' in the store cannot be read, nor what it is about: nothing is decided.",
                "Open the store with the version that wrote it, or restore the last backup.",
            ) from error
    _log.error("The policy '%s' in the store cannot be read: what it speaks of is refused.", id)
    return Policy(
        PolicyId(id),
        f"'{id}' cannot be read: publish it again",
        "the data steward",
        tuple(
            Rule(
                RuleId(f"unreadable-{number}"),
                Effect.FORBID,
                target,
                because="A policy over these data cannot be read; its steward has to publish it again.",
            )
            for number, target in enumerate(targets, start=1)
        ),
    )


def _targets(body: str) -> tuple[Target, ...]:
    """What every rule of a spoilt policy is about; nothing unless all of them can be told."""
    try:
        return tuple(from_json(Target, rule["target"]) for rule in json.loads(body)["rules"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
