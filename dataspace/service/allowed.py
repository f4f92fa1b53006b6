"""A question of cells that is allowed: each dataset of it with what is owed, and what follows from that."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataspace.model.charges import Account, Limits
from dataspace.model.codec import to_json
from dataspace.model.datasets import ColumnType, Dataset
from dataspace.model.plans import AggregatePlan, Asked, CellsPlan, CutRecipe, Disclosure
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.requests import AccessRequest
from dataspace.planning.cut_id import rows_id
from dataspace.planning.projects import project_of
from dataspace.policy.compose import effective
from dataspace.service.progress import Preparing, unwatched
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
    """One question that is allowed: of what it is asked, what is joined, and the words that are recorded of it."""

    own: Allowed
    beside: tuple[Allowed, ...]
    question: str
    policies: str
    """The digest of those that gave it."""
    preparing: Preparing = unwatched

    def paying(self, plan: AggregatePlan) -> list[Allowed]:
        """The datasets whose accounts are charged: who is only looked up in protects nobody."""
        return [self.own, *protected(plan, self.beside)]


def protected(plan: AggregatePlan, beside: Sequence[Allowed]) -> list[Allowed]:
    """The joined datasets whose persons stand behind the answer."""
    units = {join.dataset for join in plan.joins if not join.lookup}
    return [one for one in beside if one.dataset.name in units]


def disclosure_of(obligations: Obligations) -> Disclosure:
    cohort = max(MINIMUM_COHORT, obligations.cohort or DEFAULT_COHORT)
    return Disclosure(cohort, round_to=obligations.round_to or 1)


def asked_by(own: Allowed, question: str, intent: int) -> Asked | None:
    """In whose name an aggregate is compared with earlier ones; noisy answers need no comparison."""
    if own.request.kind is not AnswerKind.AGGREGATE:
        return None
    permit, columns = own.request.permit, own.dataset.columns
    flags = {column.name: (False, True) for column in columns if column.type is ColumnType.BOOLEAN}
    declared = {column.name: column.values for column in columns if column.values}
    return Asked(
        own.request.principal.id,
        permit.id if permit else "",
        project_of(permit),
        question,
        intent,
        tuple(sorted(own.obligations.compare_across)),
        flags | declared,
        rows_id(own.recipe),
    )


def same_question(request: AccessRequest, cells: CellsPlan) -> str:
    """What makes two noisy questions the same; it begins with the version, with which the answer is erased."""
    same = digest({"plan": to_json(cells), "principal": request.principal.id})
    return f"{request.dataset.sha256}/{same}"


def limits_of(obligations: Obligations) -> Limits:
    """What the ledger checks a charge against; where nothing is said the defaults hold, never "no limit"."""
    owed = effective(obligations)
    return Limits(permit=owed.epsilon_total, question=owed.epsilon_question)
