"""Paths of questions across the sites and of training: explanations, counts and runs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dataspace.bootstrap import HubServices
from dataspace.http.bodies import CountBody, QueryBody, RunBody, body
from dataspace.http.replies import answer, json_lines, reply
from dataspace.http.signing_in import Asker
from dataspace.model.names import DatasetName, PermitId, RunId
from dataspace.model.principals import Principal
from dataspace.model.requests import Query
from dataspace.service.fitting import FitRequest


def questions(hub: HubServices) -> APIRouter:
    """What would be decided here, and counts across the sites."""
    router = APIRouter(tags=["questions"])

    @router.post("/explain")
    def explain(asker: Asker, said: Annotated[QueryBody, Depends(body(QueryBody))]) -> Response:
        """What would be decided, without reading data."""
        asked = _query(said, asker)
        decisions = [{"dataset": name, "decision": decision} for name, decision in hub.asking.explain(asked)]
        forecast = hub.asking.forecast(asked)
        return reply({"kind": hub.asking.kind_of(asked), "decisions": decisions, "forecast": forecast})

    @router.post("/count")
    def count(asker: Asker, said: Annotated[CountBody, Depends(body(CountBody))]) -> Response:
        """Units that match at the sites that hold a dataset, or at the hub that does; each decides for itself."""
        dataset, permit = DatasetName(said.dataset), _permit(said.permit)
        return answer(hub.running.count(asker, dataset, said.where, said.by, permit, said.purpose))

    return router


def runs(hub: HubServices) -> APIRouter:
    """Training runs."""
    router = APIRouter(tags=["runs"])

    @router.post("/runs", status_code=202)
    def start(asker: Asker, said: Annotated[RunBody, Depends(body(RunBody))]) -> Response:
        """Start a run; refusals are told at once."""
        asked = FitRequest(
            said.dataset,
            said.target,
            said.features,
            said.family,
            said.rounds,
            said.holdout,
            said.minimum_sites,
            said.ridge,
            said.scaling,
            said.scales,
            said.network,
            said.boosting,
            said.privacy,
            said.app,
            said.blocks,
        )
        plan = hub.fitting.plan(asker, asked, _permit(said.permit), said.purpose)
        run = hub.following.start(asker, plan, _permit(said.permit), said.round_seconds)
        return reply({"run": run, "terms": plan.terms()}, 202)

    @router.get("/runs")
    def all_runs(asker: Asker) -> Response:
        """The asker's runs since the hub was started, and how each stands; a steward sees everybody's."""
        return reply(hub.following.all(asker))

    @router.get("/runs/{run}")
    def status(asker: Asker, run: str) -> Response:
        """How a run stands: whom it waits for, who refused and why."""
        return reply(hub.following.status(asker, RunId(run)))

    @router.get("/runs/{run}/events")
    def events(asker: Asker, run: str) -> Response:
        """Events as JSON lines, from the first, as they come, to the last."""
        return json_lines(hub.following.events(asker, RunId(run)))

    @router.post("/runs/{run}/stop", status_code=204)
    def stop(asker: Asker, run: str) -> Response:
        """End a run."""
        hub.following.stop(asker, RunId(run))
        return Response(status_code=204)

    return router


def _query(said: QueryBody, asker: Principal) -> Query:
    return Query(
        asker, said.sql, said.purpose, _permit(said.permit), said.kind, said.epsilon, error=said.error
    )


def _permit(id: str | None) -> PermitId | None:
    return PermitId(id) if id else None
