"""A question as a decision sees it: who asks, for what, of which version and columns, under which permit."""

from dataclasses import replace
from datetime import datetime

from dataspace.errors import Conflict, UnknownName
from dataspace.model.datasets import Column, Dataset, VersionRef
from dataspace.model.names import ColumnName, SiteName
from dataspace.model.permits import Permit
from dataspace.model.policies import Action, AnswerKind, PolicySet
from dataspace.model.principals import Principal
from dataspace.model.requests import AccessRequest
from dataspace.policy.judge import allows
from dataspace.service.impact import impact_facts
from dataspace.service.objecting import check_objections, check_shape
from dataspace.vocabulary.terms import find, words

ACTIONS = {
    AnswerKind.ROWS: Action.READ,
    AnswerKind.AGGREGATE: Action.AGGREGATE,
    AnswerKind.NOISY: Action.AGGREGATE,
    AnswerKind.TRAIN: Action.TRAIN,
}


def check_purpose(purpose: str) -> None:
    """Raises UnknownName, with the nearest word, for a purpose that is stated and not in the vocabulary."""
    if purpose and find(purpose) is None:
        raise UnknownName("purpose", purpose[:80], words(), "Purposes are words of DPV 2.3.")


def access_request(
    principal: Principal,
    kind: AnswerKind,
    purpose: str,
    dataset: Dataset,
    columns: frozenset[ColumnName],
    permit: Permit | None,
    site: SiteName,
) -> AccessRequest:
    """The resolved question. A dataset without a version here is asked for as `latest`.

    Raises Conflict where the latest version was withdrawn or erased.
    """
    check_open(dataset)
    check_objections(dataset, kind, permit)
    check_shape(dataset, permit, site)
    asked: tuple[Column, ...] = tuple(column for column in dataset.columns if column.name in columns)
    version = dataset.latest or VersionRef(dataset.name, "latest")
    return AccessRequest(
        principal, ACTIONS[kind], purpose, version, asked, kind, permit, site, impact_facts(dataset)
    )


def granted_purpose(request: AccessRequest, policies: PolicySet, now: datetime) -> str:
    """The purpose of a request that states none: of those that its permit grants the first under which policies allow
    it, as training and research are different purposes; the permit's first where none does. As stated where one is."""
    permit = request.permit
    if request.purpose or permit is None:
        return request.purpose
    every = permit.purposes or (permit.purpose,)
    fit = (purpose for purpose in every if allows(replace(request, purpose=purpose), policies, now))
    return next(fit, every[0])


def check_open(dataset: Dataset) -> None:
    """Raises Conflict where the version asked for was withdrawn or erased: no other one is taken instead."""
    if closed := dataset.closed:
        why = f": {closed.reason.rstrip('.')}" if closed.reason else ""
        raise Conflict(
            f"Version {closed.number} of '{dataset.name}' was {closed.standing.value}{why}.",
            "It cannot be asked any more; ask its steward for a new version.",
        )
