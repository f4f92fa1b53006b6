"""Which cut a question is answered from, and in whose confined worker."""

from collections.abc import Container, Iterable, Mapping

from dataspace.errors import ColumnWithheld, InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.names import DatasetName, PermitId
from dataspace.model.permits import Permit
from dataspace.model.plans import CutRecipe, RowsPlan
from dataspace.model.policies import MaskKind, Obligations
from dataspace.model.principals import Principal


def recipe_for(dataset: Dataset, obligations: Obligations, permit: Permit | None) -> CutRecipe:
    """What of the latest version the obligations leave; raises InvalidRequest where there is no version."""
    if dataset.latest is None:
        raise InvalidRequest(
            f"'{dataset.name}' has no data here yet.", "Ask its steward to register a version."
        )
    given = None
    if permit is not None:
        given = next((grant.columns for grant in permit.datasets if grant.dataset == dataset.name), None)
    columns = tuple(
        column.name
        for column in dataset.columns
        if column.name not in obligations.withheld and (given is None or column.name in given)
    )
    masks = {name: mask for name, mask in obligations.masks.items() if name in columns}
    hashed = any(mask.kind is MaskKind.HASH for mask in masks.values())
    key = (permit.id if permit else f"open-{dataset.name}") if hashed else ""
    return CutRecipe(
        dataset.latest,
        columns,
        obligations.row_filter,
        masks,
        mask_key_id=key,
        opt_out_digest="+".join(dataset.left_out(permit.not_before if permit else None)),
        privacy_unit=dataset.privacy_unit,
    )


def check_given(
    dataset: Dataset, recipe: CutRecipe, named: Container[str], shared: Container[str] = ()
) -> None:
    """Raises ColumnWithheld where one of the names is a column that is not in the cut.

    `shared` are names that another dataset of the question gives: they may mean that one.
    """
    for column in dataset.columns:
        name = column.name
        if name not in recipe.columns and name.lower() in named and name.lower() not in shared:
            raise ColumnWithheld(name, dataset.name)


def check_rows_given(
    recipes: Mapping[DatasetName, CutRecipe], datasets: Iterable[Dataset], plan: RowsPlan
) -> None:
    """`check_given` for a question of rows, which may be over several datasets."""
    for dataset in datasets:
        others = (recipe.columns for name, recipe in recipes.items() if name != dataset.name)
        shared = {column.lower() for columns in others for column in columns}
        check_given(dataset, recipes[dataset.name], plan.named, shared)


def session_of(principal: Principal, permit: Permit | None) -> str:
    """One confined worker for each principal and permit."""
    return session_under(principal, permit.id if permit else None)


def session_under(principal: Principal, permit: PermitId | None) -> str:
    """The same by the permit's id; that the permit is theirs has not been looked at."""
    return f"{principal.id}/{permit or 'open'}"
