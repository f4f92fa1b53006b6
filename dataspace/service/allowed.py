"""A question of cells that is allowed: each dataset of it with what is owed, and what follows from that."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataspace.model.charges import Account, Limits
from dataspace.model.codec import to_json
from dataspace.model.datasets import ColumnType, Dataset
from dataspace.model.plans import AggregatePlan, Asked, CellsPlan, CutRecipe, Disclosure, Noise
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.requests import AccessRequest
from dataspace.planning.cut_id import rows_id
from dataspace.planning.projects import project_of
from dataspace.service.enforcing import Granted
from dataspace.service.pricing import divided, unbounded
from dataspace.service.recipes import recipe_for
from dataspace.transparency.canonical import digest

MINIMUM_COHORT = 5
DEFAULT_COHORT = 10


@dataclass(frozen=True, slots=True)
class Allowed:
    """One dataset of a question, with what is owed for it."""

    request: AccessRequest
    dataset: Dataset
    obligations: Obligations

    @property
    def recipe(self) -> CutRecipe:
        """What of it is read."""
        return recipe_for(self.dataset, self.obligations, self.request.permit)

    @property
    def account(self) -> Account:
        """Whose persons are protected."""
        return Account(self.dataset.name, self.dataset.privacy_unit)


@dataclass(frozen=True, slots=True)
class Case:
    """One question that is allowed: what of which cut it is answered from, and the words that are recorded of it."""

    request: AccessRequest
    dataset: Dataset
    granted: Granted
    recipe: CutRecipe
    question: str
    beside: tuple[Allowed, ...] = ()

    def paying(self, plan: AggregatePlan) -> list[Allowed]:
        """The datasets whose accounts are charged: who is only looked up in protects nobody."""
        own = Allowed(self.request, self.dataset, self.granted.obligations)
        return [own, *protected(plan, self.beside)]


def of_bounds(cells: CellsPlan, noise: Noise) -> list[str]:
    """Which bounds were found, and at what cost."""
    if cells.noise is None or noise is cells.noise:
        return []
    looking, _ = divided(cells.aggregate, cells.noise)
    return [
        f"The bounds of '{column}' are not declared: {noise.bounds[column][0]:g} to {noise.bounds[column][1]:g} were "
        f"found privately, for ε {looking:g}. What lies beyond them moves the answer, and ± does not cover that."
        for column in unbounded(cells.aggregate, cells.noise)
    ]


def protected(plan: AggregatePlan, beside: Sequence[Allowed]) -> list[Allowed]:
    """The joined datasets whose persons stand behind the answer."""
    units = {join.dataset for join in plan.joins if not join.lookup}
    return [one for one in beside if one.dataset.name in units]


def disclosure_of(obligations: Obligations) -> Disclosure:
    cohort = max(MINIMUM_COHORT, obligations.cohort or DEFAULT_COHORT)
    return Disclosure(cohort, round_to=obligations.round_to or 1)


def asked_by(
    request: AccessRequest, dataset: Dataset, owed: Obligations, recipe: CutRecipe, question: str, intent: int
) -> Asked | None:
    """In whose name an aggregate is compared with earlier ones; noisy answers need no comparison."""
    if request.kind is not AnswerKind.AGGREGATE:
        return None
    permit = request.permit
    flags = {c.name: (False, True) for c in dataset.columns if c.type is ColumnType.BOOLEAN}
    declared = {column.name: column.values for column in dataset.columns if column.values}
    return Asked(
        request.principal.id,
        permit.id if permit else "",
        project_of(permit),
        question,
        intent,
        tuple(sorted(owed.compare_across)),
        flags | declared,
        rows_id(recipe),
    )


def same_question(request: AccessRequest, cells: CellsPlan) -> str:
    """What makes two noisy questions the same; it begins with the version, with which the answer is erased."""
    same = digest({"plan": to_json(cells), "principal": request.principal.id})
    return f"{request.dataset.sha256}/{same}"


def limits_of(obligations: Obligations) -> Limits:
    """What the ledger checks a charge against."""
    return Limits(permit=obligations.epsilon_total, question=obligations.epsilon_question)
