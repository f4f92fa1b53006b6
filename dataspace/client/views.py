"""What a hub lists: datasets, applications, permits and sites, as they read in a notebook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dataspace.client.refusals import conditions
from dataspace.client.tables import Grid, escaped, printable, term
from dataspace.model.datasets import Column, Dataset
from dataspace.model.permits import Application, Permit

T = TypeVar("T")


class Listing(Sequence[T], Generic[T]):
    """Several things of one kind, shown as one table."""

    __slots__ = ("_grid", "_items")

    def __init__(self, items: Sequence[T], grid: Grid) -> None:
        self._items = tuple(items)
        self._grid = grid

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __repr__(self) -> str:
        return self._grid.text() if self._items else "(none)"

    def _repr_html_(self) -> str:
        return self._grid.html() if self._items else "<p>(none)</p>"


@dataclass(frozen=True, slots=True, repr=False)
class DatasetView:
    """One dataset as the catalogue describes it."""

    noun: Dataset

    @property
    def name(self) -> str:
        """Its name, also in SQL."""
        return self.noun.name

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns with titles, labels, codes and bounds."""
        return self.noun.columns

    def __repr__(self) -> str:
        noun = self.noun
        unit = noun.privacy_unit or "each row"
        words = [
            noun.name,
            noun.title,
            "synthetic" if noun.synthetic else "",
            "" if noun.published else "draft",
        ]
        head = " · ".join(printable(word) for word in words if word)
        version = f"version {noun.latest.sha256[:12]}" if noun.latest else "rows lie at the sites"
        return f"{head}\n{version} · privacy unit: {unit}\n{self._columns().text('  ')}"

    def _repr_html_(self) -> str:
        return f"<p><b>{escaped(self.noun.name)}</b> {escaped(self.noun.title)}</p>{self._columns().html()}"

    def _columns(self) -> Grid:
        rows = tuple(
            (c.name, c.type.value, c.title, ", ".join(sorted(c.labels)), ", ".join(map(str, c.values)))
            for c in self.noun.columns
        )
        return Grid(("column", "type", "title", "labels", "codes"), rows)


_DUE = {"submitted": "completeness check", "review": "decision", "reviewed": "decision"}


def _standing(permit: Permit) -> str:
    if permit.closed:
        return f"closed {permit.closed:%Y-%m-%d}"
    if permit.revoked:
        return f"REVOKED {permit.revoked:%Y-%m-%d %H:%M}"
    if permit.suspended:
        return f"SUSPENDED {permit.suspended:%Y-%m-%d %H:%M}"
    return f"to {permit.expires:%Y-%m-%d}"


@dataclass(frozen=True, slots=True, repr=False)
class ApplicationView:
    """One application for access."""

    noun: Application

    @property
    def id(self) -> str:
        """`A-7`."""
        return self.noun.id

    @property
    def status(self) -> str:
        """Where it stood when this was asked for: `submitted`, `review`, `granted`, …"""
        return self.noun.state.value

    @property
    def steps(self) -> tuple[str, ...]:
        """What was done and said so far, one line each."""
        return tuple(
            f"{step.at:%Y-%m-%d %H:%M} {step.by or 'the call'}: {step.act}"
            + (f" “{printable(step.text)}”" if step.text else "")
            for step in self.noun.steps
        )

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """What is asked for, by name: what whoever reviews it has to weigh."""
        a = self.noun
        columns = [f"{name}.{column}" for name in sorted(a.columns) for column in sorted(a.columns[name])]
        versions = [f"{name} {version}" for name, version in sorted(a.versions.items())]
        said = (
            ("by", f"{a.applicant}, {a.organisation or 'no organisation stated'}"),
            ("with", ", ".join(sorted(a.persons))),
            ("purposes", ", ".join(map(term, a.purposes or (a.purpose,)))),
            ("kinds", ", ".join(sorted(a.kinds)) + (" (data request: no access)" if a.data_request else "")),
            ("columns", ", ".join(columns) or "all"),
            ("versions", ", ".join(versions)),
            ("sites", ", ".join(sorted(a.sites))),
            ("legal basis", ", ".join(map(term, a.legal_basis)) or "none stated"),
            ("ethics vote", a.ethics_vote or "none stated"),
            ("project", a.project),
            ("disease", a.disease),
            ("safeguards", "; ".join(a.safeguards)),
            ("basis", f"{a.basis.value}; revision {a.revision}"),
            ("track", a.track.value if a.track else "none"),
            ("call", a.call),
            ("in favour", ", ".join(a.supported_by)),
        )
        return tuple((name, printable(words)) for name, words in said if words)

    def __repr__(self) -> str:
        a = self.noun
        state = f"{a.state.value}, {_DUE[a.state]} due {a.due:%d %b}" if a.state in _DUE else a.state.value
        permit = f" · {a.permit}" if a.permit else ""
        return f"{a.id} “{printable(a.title)}” · {', '.join(a.datasets)} · {state}{permit}"


@dataclass(frozen=True, slots=True, repr=False)
class PermitView:
    """One permit, and the signed document (JWS) that travels with each question to a site."""

    noun: Permit
    jws: str

    @property
    def id(self) -> str:
        """`P-7`."""
        return self.noun.id

    def __repr__(self) -> str:
        p = self.noun
        basis = f"basis {p.basis.value}" + ("" if p.basis == "ehds" else " (not EHDS)")
        state = _standing(p)
        datasets = ", ".join(grant.dataset for grant in p.datasets)
        kinds = ", ".join(sorted(kind.value for kind in p.kinds))
        demands = " · ".join(conditions(p.obligations))
        lines = [f"{p.id} · {basis} · {state} · {datasets}: {kinds}", f"  {demands}" if demands else ""]
        if p.sites or p.roster_sites:
            lines.append(f"  at {printable(sites_of(p))}")
        return "\n".join(line for line in lines if line)


def sites_of(permit: Permit) -> str:
    """Where a permit holds, and which sites may compute together under it."""
    where = ", ".join(sorted(permit.sites)) or "each site that accepts it"
    together = ", ".join(sorted(permit.roster_sites))
    return where + (f"; computing together: {together}" if together else "")


def dataset_grid(datasets: Sequence[Dataset]) -> Grid:
    """One line for each dataset."""
    rows = tuple(
        (
            d.name,
            d.title,
            str(len(d.columns)),
            "synthetic" if d.synthetic else "",
            "here" if d.latest else "at sites",
            "" if d.published else "draft",
        )
        for d in datasets
    )
    return Grid(
        ("dataset", "title", "columns", "", "rows", ""), rows, (False, False, True, False, False, False)
    )


def application_grid(applications: Sequence[Application]) -> Grid:
    """One line for each application."""
    rows = tuple(
        (
            a.id,
            a.title,
            a.applicant,
            ", ".join(a.datasets),
            a.state.value,
            f"{a.due:%d %b}" if a.state in _DUE else "",
        )
        for a in applications
    )
    return Grid(("", "title", "by", "datasets", "state", "due"), rows)


def permit_grid(permits: Sequence[Permit]) -> Grid:
    """One line for each permit."""
    rows = tuple(
        (
            p.id,
            ", ".join(grant.dataset for grant in p.datasets),
            ", ".join(sorted(kind.value for kind in p.kinds)),
            p.basis.value,
            _standing(p),
            p.title,
        )
        for p in permits
    )
    return Grid(("", "datasets", "kinds", "basis", "state", "title"), rows)
