"""A hub as a notebook sees it: the same object for one elsewhere and for one in this process."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from dataspace.client.answers import Answer
from dataspace.client.fits import Fit
from dataspace.client.formulas import parse_formula
from dataspace.client.proofs import LogView, Receipt, Verifier
from dataspace.client.refusals import Explanation
from dataspace.client.runs import Progress, Runs
from dataspace.client.searching import Searching
from dataspace.client.stewarding import Stewarding
from dataspace.client.tables import Grid
from dataspace.client.views import (
    ApplicationView,
    DatasetView,
    LedgerView,
    Listing,
    PermitView,
    application_grid,
    dataset_grid,
    permit_grid,
)
from dataspace.client.wire import Wire
from dataspace.errors import InvalidRequest
from dataspace.model.charges import Balance
from dataspace.model.codec import from_json
from dataspace.model.datasets import Dataset
from dataspace.model.decisions import Allow, Decision, Deny
from dataspace.model.permits import Application, SignedPermit
from dataspace.model.policies import AnswerKind

PermitLike = str | PermitView | None


class Hub(Searching, Stewarding):
    """Made by `connect` or `open`. A `permit` is an id such as "P-7", or what `.permit()` gave."""

    def __init__(self, wire: Wire, verifier: Verifier, log_key: str = "") -> None:
        super().__init__(wire)
        self.log = LogView(wire, verifier, log_key)
        """The transparency log: `.size`, `.root`, `.verify()`."""
        self.runs = Runs(wire)
        """Federated runs: `.events(run)`, `.stop(run)`."""

    def datasets(self, text: str = "", facet: str | Sequence[str] = ()) -> Listing[DatasetView]:
        """Datasets that you may know of, by words in their names, descriptions and columns, the best first.

        `facet` narrows, as in `facet="access:PUBLIC"`; `.search` says which facets there are.
        """
        documents = self._wire.get("/datasets", text=text, facet=_several(facet))
        found = [from_json(Dataset, document) for document in documents]
        return Listing([DatasetView(noun) for noun in found], dataset_grid(found))

    def dataset(self, name: str) -> DatasetView:
        """One dataset with its columns, labels and codes."""
        return DatasetView(from_json(Dataset, self._wire.get(f"/datasets/{name}")))

    def sql(
        self,
        text: str,
        permit: PermitLike = None,
        purpose: str = "",
        kind: str | None = None,
        epsilon: float | None = None,
    ) -> Answer:
        """Ask in SQL. `kind` is rows, aggregate or noisy; left out, the question's shape decides, and ε means noisy."""
        body = _question(text, permit, purpose, kind, epsilon)
        return self._answer("/query", body)

    def explain(
        self,
        text: str,
        permit: PermitLike = None,
        purpose: str = "",
        kind: str | None = None,
        epsilon: float | None = None,
    ) -> Explanation:
        """What would be decided about a question, and why. Reads no data, costs nothing."""
        said = self._wire.post("/explain", _question(text, permit, purpose, kind, epsilon))
        decisions: dict[str, Decision] = {}
        for part in said["decisions"]:
            tag: type[Allow] | type[Deny] = Allow if part["decision"]["is"] == "Allow" else Deny
            decisions[part["dataset"]] = from_json(tag, part["decision"])
        return Explanation(said["kind"], decisions)

    def count(
        self,
        where: str = "",
        by: Sequence[str] = (),
        dataset: str | None = None,
        permit: PermitLike = None,
        purpose: str = "",
    ) -> Answer:
        """Units that match, over all sites that hold the dataset. `by` may name columns, and `site`."""
        body = {
            "dataset": dataset or self._only_dataset(permit),
            "where": where,
            "by": list(by),
            "permit": _id(permit),
            "purpose": purpose,
        }
        return self._answer("/count", body)

    def apply(
        self,
        datasets: str | Sequence[str],
        purpose: str | Sequence[str] = "",
        ethics: str = "",
        kinds: Sequence[str] = ("aggregate",),
        legal_basis: Sequence[str] = (),
        title: str = "",
    ) -> ApplicationView:
        """Apply for access. Purposes and legal bases are terms of the vocabulary, or their words."""
        body = {
            "datasets": _several(datasets),
            "purposes": _several(purpose) if purpose else [],
            "kinds": list(kinds),
            "legal_basis": list(legal_basis),
            "ethics_vote": ethics,
            "title": title,
        }
        return ApplicationView(from_json(Application, self._wire.post("/applications", body)))

    def applications(self) -> Listing[ApplicationView]:
        """Applications that wait: yours, or all for a steward."""
        found = [from_json(Application, document) for document in self._wire.get("/applications")]
        return Listing([ApplicationView(noun) for noun in found], application_grid(found))

    def permit(self, id: str) -> PermitView:
        """One permit."""
        signed = from_json(SignedPermit, self._wire.get(f"/permits/{id}"))
        return PermitView(signed.permit, signed.jws)

    def permits(self) -> Listing[PermitView]:
        """Permits that name you; all for a steward or an auditor."""
        found = [from_json(SignedPermit, document) for document in self._wire.get("/permits")]
        views = [PermitView(signed.permit, signed.jws) for signed in found]
        return Listing(views, permit_grid([signed.permit for signed in found]))

    def train(
        self,
        dataset: str,
        target: str,
        features: Sequence[str],
        family: str = "logistic",
        rounds: int = 5,
        permit: PermitLike = None,
        purpose: str = "",
        progress: Progress | None = None,
        **options: Any,
    ) -> Fit:
        """Fit a model across the sites. Options: `minimum_sites`, `holdout`, `ridge`."""
        return self.runs.fit(
            dataset,
            target,
            features,
            progress,
            family=family,
            rounds=rounds,
            permit=_id(permit),
            purpose=purpose,
            **options,
        )

    def glm(
        self,
        formula: str,
        family: str = "binomial",
        dataset: str | None = None,
        permit: PermitLike = None,
        **options: Any,
    ) -> Fit:
        """A generalised linear model by formula: `died ~ age80 + hmo`."""
        if family != "binomial":
            raise InvalidRequest(
                f"The family '{family}' is not known.", 'Use "binomial" (logistic regression).'
            )
        target, features = parse_formula(formula)
        return self.train(dataset or self._only_dataset(permit), target, features, permit=permit, **options)

    def ledger(self, dataset: str) -> LedgerView:
        """What was spent of the privacy budget, and what is left."""
        found = self._wire.get(f"/ledger/{dataset}")
        return LedgerView(dataset, tuple(from_json(Balance, entry["balance"]) for entry in found))

    def receipt(self, index: int) -> Receipt:
        """The receipt of a record that concerns you."""
        return self.log.receipt(index)

    def sites(self) -> Listing[Mapping[str, Any]]:
        """The sites of this hub, what they hold, and which are connected now."""
        found = self._wire.get("/sites")
        rows = tuple(
            (s["name"], "online" if s["online"] else "away", ", ".join(s["datasets"]), s["title"])
            for s in found
        )
        return Listing(found, Grid(("site", "", "holds", ""), rows))

    def close(self) -> None:
        """Let go of the hub; one in this process is shut down."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<hub {self._wire.name}>"

    def _answer(self, path: str, body: Mapping[str, Any]) -> Answer:
        stream, headers = self._wire.post_for_bytes(path, body)
        outcome = headers.get("Dataspace-Receipt")
        return Answer(stream, self.log, int(outcome) if outcome is not None else None)

    def _only_dataset(self, permit: PermitLike) -> str:
        if permit is None:
            raise InvalidRequest("Which dataset?", 'Say dataset="…", or give a permit that names one.')
        noun = permit.noun if isinstance(permit, PermitView) else self.permit(permit).noun
        if len(noun.datasets) != 1:
            names = ", ".join(grant.dataset for grant in noun.datasets)
            raise InvalidRequest(f"{noun.id} names several datasets: {names}.", 'Say dataset="…".')
        return noun.datasets[0].dataset


def _question(
    text: str, permit: PermitLike, purpose: str, kind: str | None, epsilon: float | None
) -> dict[str, Any]:
    if kind is not None and kind not in {known.value for known in AnswerKind}:
        raise InvalidRequest(f"'{kind}' is no kind of answer.", "Say rows, aggregate or noisy.")
    return {"sql": text, "permit": _id(permit), "purpose": purpose, "kind": kind, "epsilon": epsilon}


def _id(permit: PermitLike) -> str | None:
    return permit.id if isinstance(permit, PermitView) else permit


def _several(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
