"""A hub as a notebook sees it: the same object for one elsewhere and for one in this process.

Long, because it is the one list of what a notebook can call, with its help.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from dataspace.client.answers import Answer
from dataspace.client.fetching import Progress as Received
from dataspace.client.fetching import fetched, shown
from dataspace.client.fits import Fit
from dataspace.client.formulas import parse_formula
from dataspace.client.ledgers import Ledgers
from dataspace.client.own_apps import OwnApps
from dataspace.client.permitting import Permitting, as_json
from dataspace.client.proofs import LogView, Receipt, Verifier
from dataspace.client.refusals import Expected, Explanation, Refused
from dataspace.client.releases import Releases
from dataspace.client.runs import Progress, Runs
from dataspace.client.searching import Searching
from dataspace.client.stewarding import Stewarding, standing_of
from dataspace.client.tables import Grid
from dataspace.client.views import (
    ApplicationView,
    DatasetView,
    Listing,
    PermitView,
    application_grid,
    dataset_grid,
    permit_grid,
)
from dataspace.client.wire import Wire
from dataspace.errors import InvalidRequest
from dataspace.model.codec import from_json
from dataspace.model.datasets import Dataset
from dataspace.model.decisions import Allow, Decision, Deny
from dataspace.model.permits import Application, SignedPermit
from dataspace.model.policies import AnswerKind

PermitLike = str | PermitView | None

_FAMILIES = ("logistic", "multinomial", "mlp", "trees", "app")


class Hub(Searching, Stewarding, Permitting, Ledgers, Releases, OwnApps):
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
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        progress: Received | None = None,
        error: float | None = None,
    ) -> Answer:
        """Ask in SQL. `kind` is rows, aggregate or noisy; left out, the question's shape decides, and ε means noisy.

        Instead of ε, a wished `error` may be given: half the width of the 95 % interval; the least ε for it is spent.

        `parameters` are the values of `?`, or of `$1`, `$2`, … in the text, in order; or of `$name`, by name.
        `progress` is told the bytes as they come.
        """
        body = _question(text, permit, purpose, kind, epsilon, error)
        body |= {"parameters": _values(parameters)}
        if self._wire.in_process:
            body["codec"] = "none"
        try:
            return self._answer("/query", body, progress)
        except Refused as refused:
            refused.opens(self.apply, body["purpose"], kind)
            raise

    def declare_population(
        self, name: str, text: str, permit: PermitLike = None, purpose: str = ""
    ) -> Answer:
        """Say beforehand that aggregates over a population will be asked: the one that `text` counts.

        Answers over declared populations are planned together: where one comes too close to another, single numbers
        of it are withheld, instead of the whole. What is declared first keeps its numbers. Nothing is told here.
        """
        return self._answer("/query", _question(text, permit, purpose, None, None) | {"population": name})

    def explain(
        self,
        text: str,
        permit: PermitLike = None,
        purpose: str = "",
        kind: str | None = None,
        epsilon: float | None = None,
        error: float | None = None,
    ) -> Explanation:
        """What would be decided about a question, and why; of a noisy one also its cost and expected errors.

        Reads no data, costs nothing.
        """
        said = self._wire.post("/explain", _question(text, permit, purpose, kind, epsilon, error))
        decisions: dict[str, Decision] = {}
        for part in said["decisions"]:
            tag: type[Allow] | type[Deny] = Allow if part["decision"]["is"] == "Allow" else Deny
            decisions[part["dataset"]] = from_json(tag, part["decision"])
        expected = said.get("forecast")
        return Explanation(said["kind"], decisions, Expected(**expected) if expected else None)

    def count(
        self,
        where: str = "",
        by: Sequence[str] = (),
        dataset: str | None = None,
        permit: PermitLike = None,
        purpose: str = "",
    ) -> Answer:
        """Units that match, at all sites that hold the dataset, or at the hub. `by` may name columns, and `site`."""
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
        **details: Any,
    ) -> ApplicationView:
        """Apply for access. Purposes and legal bases are terms of the vocabulary, or their words.

        More that may be said: `persons`, `columns` and `versions` (each by dataset), `sites`, `safeguards`, `basis`,
        `track`, `data_request`, `call`, `draft`.
        """
        body = {
            "datasets": _several(datasets),
            "purposes": _several(purpose) if purpose else [],
            "kinds": list(kinds),
            "legal_basis": list(legal_basis),
            "ethics_vote": ethics,
            "title": title,
            "details": {name: as_json(value) for name, value in details.items()},
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
        """Fit a model across the sites: `logistic`, `multinomial`, `mlp` or `trees`; or code of your own, by the hash
        of the `app` that the sites approved, with noise.

        Options: `epsilon` (noise at every site), `minimum_sites`, `round_seconds`, `holdout`, `ridge`, `scaling`,
        `scales`, `network`, `boosting`, `privacy`, `blocks`.
        """
        if options.get("app"):
            family = "app"
        if (epsilon := options.pop("epsilon", None)) is not None:
            options["privacy"] = {**options.get("privacy", {}), "epsilon": float(epsilon)}
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
        """A model by formula: `died ~ age80 + hmo`. Its family: "binomial" (logistic regression), or one of `train`."""
        known = {"binomial": "logistic", **{name: name for name in _FAMILIES}}
        if family not in known:
            raise InvalidRequest(
                f"The family '{family}' is not known.",
                f'Use "binomial" (logistic regression), or one of: {", ".join(_FAMILIES)}.',
            )
        target, features = parse_formula(formula)
        name = dataset or self._only_dataset(permit)
        return self.train(name, target, features, known[family], permit=permit, **options)

    def receipt(self, index: int) -> Receipt:
        """The receipt of a record that concerns you."""
        return self.log.receipt(index)

    def sites(self) -> Listing[Mapping[str, Any]]:
        """The sites of this hub, what they hold, and which are connected now."""
        found = self._wire.get("/sites")
        rows = tuple((s["name"], standing_of(s), ", ".join(s["datasets"]), s["title"]) for s in found)
        return Listing(found, Grid(("site", "", "holds", ""), rows))

    @property
    def in_process(self) -> bool:
        """Whether the hub was opened from its files, and ends with this process; else it is served somewhere."""
        return self._wire.in_process

    def close(self) -> None:
        """Let go of the hub; one in this process is shut down."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<hub {self._wire.name}>"

    def _answer(self, path: str, body: Mapping[str, Any], progress: Received | None = None) -> Answer:
        bar = shown() if progress is None else None
        try:
            stream, headers = fetched(self._wire, path, body, progress or bar)
        finally:
            if bar is not None:
                bar.end()
        outcome = headers.get("dataspace-receipt")
        return Answer(stream, self.log, int(outcome) if outcome is not None else None, self._wire)

    def _only_dataset(self, permit: PermitLike) -> str:
        if permit is None:
            raise InvalidRequest("Which dataset?", 'Say dataset="…", or give a permit that names one.')
        noun = permit.noun if isinstance(permit, PermitView) else self.permit(permit).noun
        if len(noun.datasets) != 1:
            names = ", ".join(grant.dataset for grant in noun.datasets)
            raise InvalidRequest(f"{noun.id} names several datasets: {names}.", 'Say dataset="…".')
        return noun.datasets[0].dataset


def _question(
    text: str,
    permit: PermitLike,
    purpose: str,
    kind: str | None,
    epsilon: float | None,
    error: float | None = None,
) -> dict[str, Any]:
    if kind is not None and kind not in {known.value for known in AnswerKind}:
        raise InvalidRequest(f"'{kind}' is no kind of answer.", "Say rows, aggregate or noisy.")
    said = {"sql": text, "permit": _id(permit), "purpose": purpose, "kind": kind, "epsilon": epsilon}
    return said if error is None else said | {"error": error}


def _id(permit: PermitLike) -> str | None:
    return permit.id if isinstance(permit, PermitView) else permit


def _values(said: Any) -> Any:
    """As JSON says them. Raises InvalidRequest for what is neither a list nor by name."""
    if isinstance(said, Mapping):
        return {str(name): _value(value) for name, value in said.items()}
    if isinstance(said, str | bytes):
        raise InvalidRequest(
            "`parameters` is a text.", "Give a list of values, or a mapping from their names: parameters=[…]."
        )
    return None if said is None else [_value(value) for value in said]


def _value(value: Any) -> Any:
    """A date or a decimal as text, which the engine reads."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date | Decimal | UUID):
        return str(value)
    if hasattr(value, "item"):  # a number of NumPy
        return _value(value.item())
    raise InvalidRequest(
        f"A parameter of type {type(value).__name__} cannot be bound.",
        "Give a number, a text, a date, a time stamp, true, false or null.",
    )


def _several(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
