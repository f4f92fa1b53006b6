"""Paths of policies: publish, review, rehearse, and look back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dataspace.bootstrap import HubServices
from dataspace.http.bodies import ApproveBody, DuoBody, ReasonBody, body, text
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.service.rehearsing import period

Since = Annotated[str, Query(max_length=8)]


def policies(hub: HubServices) -> APIRouter:
    """Policies in force, what waits for a second steward, and every version that there was."""
    router = APIRouter(tags=["policies"])
    _in_force(router, hub)
    _proposed(router, hub)
    _versions(router, hub)
    return router


def _in_force(router: APIRouter, hub: HubServices) -> None:
    """Read and change what is in force."""

    @router.get("/policies")
    def in_force(asker: Asker) -> Response:
        """All policies in force, as far as the asker may know of what they speak of."""
        return reply(hub.browsing.policies(asker))

    @router.post("/policies", status_code=201)
    def publish(asker: Asker, said: Annotated[str, Depends(text)], digest: str = "") -> Response:
        """Put a policy in force, from YAML, or propose it. `digest` is that of the text that was reviewed."""
        return reply(hub.publishing.publish(asker, said, digest), 201)

    @router.post("/policies/rehearse")
    def rehearse(asker: Asker, said: Annotated[str, Depends(text)], since: Since = "30d") -> Response:
        """What a policy would have changed among the recorded requests. For stewards."""
        return reply(hub.versions.rehearsing.rehearse(asker, said, period(since)))

    @router.post("/policies/duo", status_code=201)
    def duo(asker: Asker, said: Annotated[DuoBody, Depends(body(DuoBody))]) -> Response:
        """What the DUO codes of a dataset come to, put in force as its policy. For stewards."""
        return reply({"policy": hub.conditions.put(asker, said.dataset, said.codes)}, 201)

    @router.post("/policies/{id}/withdraw")
    def withdraw(asker: Asker, id: str) -> Response:
        """Take a policy out of force, or propose that."""
        return reply({"policy": id, "waits": not hub.publishing.withdraw(asker, id)})


def _proposed(router: APIRouter, hub: HubServices) -> None:
    """Where two have to agree: the proposals, and the second steward's word."""

    @router.get("/policies/proposals")
    def proposals(asker: Asker) -> Response:
        """What waits for a second steward. For stewards."""
        return reply(hub.versions.waiting(asker))

    @router.get("/policies/{id}/review")
    def review(asker: Asker, id: str, since: Since = "30d") -> Response:
        """A proposal, how it differs from what is in force, and its rehearsal. For stewards."""
        return reply(hub.versions.review(asker, id, period(since)))

    @router.post("/policies/{id}/approve")
    def approve(asker: Asker, id: str, said: Annotated[ApproveBody, Depends(body(ApproveBody))]) -> Response:
        """The second yes, to the text with that digest."""
        return reply({"policy": id, "published": hub.publishing.approve(asker, id, said.digest)})

    @router.post("/policies/{id}/decline", status_code=204)
    def decline(asker: Asker, id: str, said: Annotated[ReasonBody, Depends(body(ReasonBody))]) -> Response:
        """Take a proposal away."""
        hub.publishing.decline(asker, id, said.reason)
        return Response(status_code=204)


def _versions(router: APIRouter, hub: HubServices) -> None:
    """Look back."""

    @router.get("/policies/{id}/history")
    def history(asker: Asker, id: str) -> Response:
        """Every version. For stewards, auditors and administrators."""
        return reply(hub.versions.history(asker, id))

    @router.get("/policies/{id}/versions/{number}")
    def version(asker: Asker, id: str, number: int) -> Response:
        """One version as it was written. For stewards, auditors and administrators."""
        return Response(hub.versions.text(asker, id, number), media_type="application/yaml")

    @router.get("/policies/{id}/difference")
    def difference(asker: Asker, id: str, old: int = 0, new: int = 0) -> Response:
        """Two versions, line by line; left out: the last two. For stewards, auditors and administrators."""
        return Response(hub.versions.difference(asker, id, old, new), media_type="text/plain")
