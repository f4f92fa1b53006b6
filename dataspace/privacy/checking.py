"""Whether a charge still fits into every purse that pays it, and which limit binds where it does not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.charges import Account, Charge, Disjoint, Level, Limits, Overspent, Purse, TopUp
from dataspace.privacy.limits import LARGEST, UNITS, limit_units, spent_units
from dataspace.privacy.purses import DELTA_UNITS, NOTHING, Cost, most, renyi_epsilon, total

OFFICER_ABOVE = 8.0
"""Beyond this ε nobody's part is raised without the data protection officer."""

_WORDS = {Level.ALONE: "permit"}
"""How a limit is called to whom it binds, where that is not the level's own name."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one purse holds. `raised` is the sum of its top-ups, in billionths of ε."""

    cost: Cost = NOTHING
    raised: int = 0


Paid = Mapping[Level, Part]
"""What the purses that would pay a charge hold already."""


def payers(charge: Charge) -> dict[Level, str]:
    """The purses that a charge comes out of, beside that of the lineage."""
    found = {Level.PRINCIPAL: str(charge.principal)}
    if charge.permit is not None:
        found[Level.PERMIT] = str(charge.permit)
    else:
        found[Level.ALONE] = str(charge.principal)
    if charge.project:
        found[Level.PROJECT] = charge.project
    return found


def shortfall(account: Account, charge: Charge, cost: Cost, paid: Paid, limits: Limits) -> Overspent | None:
    """None where the charge fits within every limit; otherwise which limit binds, and what it would still let pass.

    `paid` of the lineage comes from `lineage_before`.
    """
    left = {"question": _left(limits.question, 0, 0)}
    short = limits.question is not None and spent_units(charge.epsilon) > limit_units(limits.question)
    for level in (*payers(charge), Level.LINEAGE):
        part, limit, delta = paid.get(level, Part()), limit_of(level, limits), delta_of(level, limits)
        before, after = part.cost.units(delta), (part.cost + cost).units(delta)
        if before is None or after is None:
            return Overspent(account, charge.epsilon, 0.0, "delta")
        left[_WORDS.get(level, level.value)] = _left(limit, part.raised, before)
        short = short or (limit is not None and after > limit_units(limit) + part.raised)
    if not short:
        return None
    order = ("question", "permit", "project", "principal", "lineage")
    binding = min((name for name in order if name in left), key=lambda name: left[name])
    return Overspent(account, charge.epsilon, max(0, left[binding]) / UNITS, binding)


def limit_of(level: Level, limits: Limits) -> float | None:
    """The limit of one part of an account, before any top-up."""
    match level:
        case Level.LINEAGE:
            return limits.lineage
        case Level.PROJECT:
            return limits.project
        case Level.PRINCIPAL:
            return limits.principal
        case Level.PERMIT | Level.ALONE:
            return limits.permit


def delta_of(level: Level, limits: Limits) -> float:
    """The δ at which a part of an account is added up."""
    return limits.lineage_delta if level is Level.LINEAGE else limits.delta


def joined(parts: Mapping[str, Cost], families: Iterable[Iterable[str]]) -> Cost:
    """What a lineage costs: parts add up, but of each family of disjoint ones the dearest alone counts.

    A person is in one part of a family at most, so their loss is that of one of them (parallel composition).
    """
    alone, dearest = dict(parts), list[Cost]()
    for family in families:
        dearest.append(most(alone.pop(part, Cost()) for part in family))
    return total((*alone.values(), *dearest))


def lineage_before(
    parts: Mapping[str, Cost], families: Iterable[Iterable[str]], charge: Charge, cost: Cost
) -> Cost:
    """What a lineage costs as far as this charge adds to it: less than in all where its part is not the dearest."""
    after = {**parts, charge.part: parts.get(charge.part, Cost()) + cost}
    return joined(after, families) - cost


def purse_of(level: Level, name: str, cost: Cost, limits: Limits) -> Purse:
    """A purse as it is shown. Where more δ was spent than the limit, mechanisms without an ε of their own are summed
    at the smallest δ there is."""
    units = cost.units(delta_of(level, limits))
    if units is None:
        units = cost.pure + spent_units(
            min(renyi_epsilon(cost.renyi, 1 / DELTA_UNITS), 1e6) if cost.renyi else 0.0
        )
    return Purse(level, name, units / UNITS, cost.delta / DELTA_UNITS)


def check_payer(kept: Charge, actual: Charge) -> None:
    """Raises Conflict where what was spent would come out of other purses than what was reserved."""
    if (payers(kept), kept.part) != (payers(actual), actual.part):
        raise Conflict("This reservation is for somebody else's account.", "Commit what was reserved for.")


def families_of(decisions: Iterable[TopUp | Disjoint]) -> list[frozenset[str]]:
    """The declarations that hold, oldest first: a wider one has taken the place of those that it contains."""
    families: list[frozenset[str]] = []
    for decision in decisions:
        if isinstance(decision, Disjoint):
            families = [each for each in families if not each <= decision.parts] + [decision.parts]
    return families


def check_family(new: Disjoint, known: Iterable[frozenset[str]]) -> None:
    """Raises InvalidRequest where a declaration says nothing, or overlaps an earlier one that it does not contain."""
    if len(new.parts) < 2 or any(
        kind not in ("version", "site") or not name
        for kind, _, name in (part.partition(":") for part in new.parts)
    ):
        raise InvalidRequest(
            "A declaration names two versions or sites at least.",
            "Write them as `version:SHA-256` or `site:name`.",
        )
    if any(family & new.parts and not family <= new.parts for family in known):
        raise InvalidRequest(
            "Some of these parts were declared disjoint from others already.",
            "Declare all of them together, if no person is in two of any.",
        )


def _left(limit: float | None, raised: int, before: int) -> int:
    return LARGEST if limit is None else limit_units(limit) + raised - before
