"""Paths of the ledger: what was spent of the privacy budget over a dataset, and the decisions that change it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dataspace.bootstrap import HubServices
from dataspace.http.bodies import body
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.model.charges import Level


@dataclass(frozen=True, slots=True)
class TopUpBody:
    """`POST /ledger/{dataset}/top-ups`."""

    level: Level
    name: str
    epsilon: float
    reason: str
    officer: str = ""


@dataclass(frozen=True, slots=True)
class DisjointBody:
    """`POST /ledger/{dataset}/disjoint`."""

    parts: tuple[str, ...]
    reason: str


def accounts(hub: HubServices) -> APIRouter:
    """What was spent of the privacy budget, and a steward's decisions about it."""
    router = APIRouter(tags=["ledger"])

    @router.get("/ledger/{dataset}")
    def balances(asker: Asker, dataset: str, composed: bool = False) -> Response:
        """Balances over a dataset, as far as the asker may see them."""
        found = hub.accounts.balances(asker, dataset, composed)
        return reply([{"balance": balance, "left": balance.left} for balance in found])

    @router.get("/ledger/{dataset}/charges")
    def charges(asker: Asker, dataset: str) -> Response:
        """Charges over a dataset, oldest first, as far as the asker may see them."""
        return reply(
            [
                {"at": entry.at, "state": entry.state, "charge": entry.charge}
                for entry in hub.accounts.entries(asker, dataset)
            ]
        )

    @router.get("/ledger/{dataset}/decisions")
    def decisions(asker: Asker, dataset: str) -> Response:
        """Top-ups and declarations of disjoint parts, oldest first, as far as the asker may see them."""
        found = hub.accounts.decisions(asker, dataset)
        return reply([{"kind": type(decision).__name__, "decision": decision} for decision in found])

    @router.get("/ledger/{dataset}/sites")
    def sites(asker: Asker, dataset: str) -> Response:
        """Balances at sites as each site asserts them, then of hub and sites together, as far as they may be seen."""
        found = hub.elsewhere.balances(asker, dataset)
        return reply([{"at": one, "left": one.balance.left} for one in found])

    @router.get("/ledger/{dataset}/sites/entries")
    def site_entries(asker: Asker, dataset: str) -> Response:
        """Charges and top-ups at sites, each as its site signed it, as far as they may be seen."""
        return reply(hub.elsewhere.entries(asker, dataset))

    @router.post("/ledger/{dataset}/top-ups")
    def top_up(asker: Asker, dataset: str, said: Annotated[TopUpBody, Depends(body(TopUpBody))]) -> Response:
        """Add to what one part of an account may spend; with a reason, for ever recorded."""
        made = hub.accounts.top_up(
            asker, dataset, said.level, said.name, said.epsilon, said.reason, said.officer
        )
        return reply(made, 201)

    @router.post("/ledger/{dataset}/disjoint")
    def disjoint(
        asker: Asker, dataset: str, said: Annotated[DisjointBody, Depends(body(DisjointBody))]
    ) -> Response:
        """Declare that no person is in two of these versions or sites."""
        return reply(hub.accounts.declare_disjoint(asker, dataset, said.parts, said.reason), 201)

    return router
