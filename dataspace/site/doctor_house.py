"""The doctor's look at what the site holds: datasets against their dictionaries, and policies against the floor."""

from collections.abc import Callable, Iterator, Sequence

from dataspace.errors import DataspaceError
from dataspace.model.datasets import Dataset
from dataspace.model.limits import SiteLimits
from dataspace.model.names import DatasetName
from dataspace.model.policies import PolicySet
from dataspace.policy.compose import LEAST_COHORT, MINIMUM_EVENTS, MINIMUM_UNITS
from dataspace.ports import Catalog
from dataspace.site.findings import Finding, fail, ok, warn


def examine_house(
    catalog: Catalog,
    policies: PolicySet,
    limits: SiteLimits,
    look: Callable[[DatasetName], None] | None = None,
) -> Iterator[Finding]:
    """Reads the catalogue and the policies; no row. `look` tries the source of rows that stay away."""
    held = [dataset for dataset in catalog.all() if dataset.latest is not None]
    if not held:
        yield warn("data", "data: this site holds none.", "`dataspace site data add FILE --name NAME`")
    for dataset in held:
        yield _schema(catalog, dataset)
        if dataset.in_place and look is not None:
            yield _source(dataset, look)
    yield from _floor(policies, limits, held)


def _schema(catalog: Catalog, dataset: Dataset) -> Finding:
    if not dataset.dictionary:
        return warn(
            "schema",
            f"schema: {dataset.name} follows no dictionary, so that nobody knows whether it means what others mean.",
            "add it with --dictionary",
        )
    dictionary = catalog.dictionary(dataset.dictionary)
    if dictionary is None:
        return fail(
            "schema",
            f"schema: the dictionary {dataset.dictionary} of {dataset.name} is not here.",
            "add the data again with --dictionary",
        )
    version = catalog.version(dataset.latest) if dataset.latest else None
    here = {column.name: column.type for column in (version.columns if version else dataset.columns)}
    told = {column.name: column.type for column in dictionary.columns}
    missing = sorted(told.keys() - here.keys())
    other = sorted(name for name in told.keys() & here.keys() if told[name] is not here[name])
    if not missing and not other:
        return ok("schema", f"schema: {dataset.name} has all {len(told)} columns of {dataset.dictionary}")
    parts = [f"missing: {', '.join(missing)}"] if missing else []
    parts += [f"of another type: {', '.join(other)}"] if other else []
    return fail(
        "schema",
        f"schema: {dataset.name} drifted from {dataset.dictionary} ({'; '.join(parts)}).",
        "`dataspace site data fix` renames and casts; questions that read these columns fail until then",
    )


def _source(dataset: Dataset, look: Callable[[DatasetName], None]) -> Finding:
    try:
        look(dataset.name)
    except DataspaceError as error:
        return fail(
            "source",
            f"source: {dataset.name} cannot be read where its rows stay. {error.fact}",
            error.hint or "`dataspace site data add ADDRESS --in-place` says it anew",
        )
    return ok("source", f"source: {dataset.name} can be read where its rows stay ({dataset.in_place})")


def _floor(policies: PolicySet, limits: SiteLimits, held: Sequence[Dataset]) -> Iterator[Finding]:
    if not policies.policies:
        yield warn(
            "policy",
            "policy: none is in force, so that everything is refused.",
            "`dataspace site policy add FILE`",
        )
        return
    below = [
        f"{word} {value} (usually {floor})"
        for word, value, floor in (
            ("units", limits.units, MINIMUM_UNITS),
            ("events", limits.events, MINIMUM_EVENTS),
            ("cohort", limits.cohort or LEAST_COHORT, LEAST_COHORT),
        )
        if value < floor
    ]
    if below:
        yield warn(
            "policy",
            f"policy: the limits of this site are below the floor: {', '.join(below)}.",
            "`dataspace site limits`",
        )
        return
    yield ok(
        "policy",
        f"policy: {len(policies.policies)} in force for {len(held)} datasets; no limit below the floor",
    )
