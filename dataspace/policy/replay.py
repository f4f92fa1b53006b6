"""Replay one request under two sets of policies: who would gain, who would lose, and whose limits would change."""

from dataclasses import dataclass, fields
from datetime import datetime

from dataspace.model.decisions import Allow, Decision
from dataspace.model.policies import AnswerKind, Effect, Obligations, PolicySet
from dataspace.model.replays import Effectuation
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import compose, effective
from dataspace.policy.decide import decide


@dataclass(frozen=True, slots=True)
class Change:
    """How one request would fare. `effect` is None where nothing would differ.

    `group_before` and `group_after` are the smallest group that an allowed answer may show; None where it is refused,
    or where the answer has no groups.
    """

    effect: Effectuation | None
    because: tuple[str, ...]
    group_before: int | None
    group_after: int | None


def change(request: AccessRequest, at: datetime, before: PolicySet, after: PolicySet) -> Change:
    """Both decisions at the moment of the request. Pure; raises nothing."""
    old, new = decide(request, before, at), decide(request, after, at)
    return Change(*_effect(old, new), _group(old, request), _group(new, request))


def _effect(old: Decision, new: Decision) -> tuple[Effectuation | None, tuple[str, ...]]:
    match old, new:
        case Allow(), Allow():
            return _limits(effective(old.obligations), effective(new.obligations))
        case Allow(), _:
            return Effectuation.LOSES, _decisive(new)
        case _, Allow():
            return Effectuation.GAINS, _decisive(new)
        case _:
            return None, ()


def _limits(old: Obligations, new: Obligations) -> tuple[Effectuation | None, tuple[str, ...]]:
    differ = tuple(
        field.name.replace("_", " ")
        for field in fields(Obligations)
        if getattr(old, field.name) != getattr(new, field.name)
    )
    if not differ:
        return None, ()
    stricter = compose(old, new) == compose(new)
    return Effectuation.TIGHTER if stricter else Effectuation.LOOSER, differ


def _decisive(decision: Decision) -> tuple[str, ...]:
    allowed = isinstance(decision, Allow)
    wanted = Effect.PERMIT if allowed else Effect.FORBID
    found = [
        r
        for r in decision.reasons
        if r.effect is wanted and (r.applies or not (allowed or r.applies is False))
    ]
    if not allowed and not found:
        found = [reason for reason in decision.reasons if reason.sentence]
    return tuple(dict.fromkeys(f"{reason.policy}/{reason.rule}" for reason in found))


def _group(decision: Decision, request: AccessRequest) -> int | None:
    if not isinstance(decision, Allow) or request.kind is not AnswerKind.AGGREGATE:
        return None
    return effective(decision.obligations).cohort
