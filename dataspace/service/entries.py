"""What the index holds of a dataset of this hub: words, values of facets, and who may know of it."""

from collections.abc import Iterable, Mapping

from dataspace.model.datasets import Dataset
from dataspace.model.finding import Entry, Facet
from dataspace.model.names import HUB, DatasetName, SiteName
from dataspace.model.policies import (
    Action,
    Compound,
    Condition,
    Effect,
    Operand,
    Operator,
    PolicySet,
    Rule,
)
from dataspace.policy.evaluate import evaluate
from dataspace.policy.facts import Observation
from dataspace.policy.index import candidates
from dataspace.ports import Sites
from dataspace.service.discovering import audience_of

HERE = "here"
_EARLIEST, _LATEST = 1500, 2200
_SAYING = {Operator.EQ, Operator.IS_A, Operator.IS_ANY_OF}


def entry_of(dataset: Dataset, policies: PolicySet, holders: Iterable[SiteName]) -> Entry:
    """What the index holds of a dataset of this hub."""
    about, said = dataset.about, dataset.responsibility
    labels = {label.value for column in dataset.columns for label in column.labels}
    facets: dict[str, Iterable[str]] = {
        Facet.THEME: (dataset.theme, *about.health_themes),
        Facet.ACCESS: (about.access.value if about.access else "",),
        Facet.PURPOSE: _purposes(dataset, policies),
        Facet.LABEL: labels,
        Facet.SITE: holders if dataset.latest is None else (HUB, *holders),
        Facet.FORMAT: {form.format for form in about.distributions},
        Facet.SPATIAL: about.spatial,
        Facet.TEMPORAL: years(about.temporal),
        Facet.ORIGIN: (HERE,),
    }
    return Entry(
        id=dataset.name,
        title=dataset.title,
        description=dataset.description,
        audience=audience_of(dataset, policies),
        dataset=dataset.name,
        keywords=dataset.keywords,
        details=tuple(word for c in dataset.columns for word in (c.name, c.title, c.description) if word),
        facets={name: tuple(sorted(filter(None, set(values)))) for name, values in facets.items()},
        licence=said.licence,
        landing_page=about.landing_page,
    )


def years(period: str) -> tuple[str, ...]:
    """Every year that an ISO 8601 interval touches; none where it cannot be read or has no end."""
    start, _, end = period.partition("/")
    first, last = start[:4], (end or start)[:4]
    if not (first.isdigit() and last.isdigit() and _EARLIEST <= int(first) <= int(last) <= _LATEST):
        return ()
    return tuple(str(year) for year in range(int(first), int(last) + 1))


def _purposes(dataset: Dataset, policies: PolicySet) -> set[str]:
    """Purposes that a rule permits by name, less those that a prohibition takes away from everybody.

    What a condition about the asker takes away stays: only a decision says what one person may do.
    """
    rules = [rule for _, _, rule in candidates(policies, dataset.name) if _names(rule, dataset.name)]
    forbidding = [rule for rule in rules if rule.effect is Effect.FORBID]
    return {
        purpose
        for rule in rules
        if rule.effect is Effect.PERMIT and rule.condition is not None and rule.actions != {Action.DISCOVER}
        for purpose in _named(rule.condition)
        if not any(_takes_away(other, rule, purpose) for other in forbidding)
    }


def _names(rule: Rule, name: DatasetName) -> bool:
    """A label is left out: a question may do without the columns that carry it."""
    return rule.target.everything or name in rule.target.datasets


def _takes_away(forbidding: Rule, permitting: Rule, purpose: str) -> bool:
    """Whether all that one rule permits for this purpose is forbidden by the other, whoever asks."""
    actions = not forbidding.actions or Action.USE in forbidding.actions
    if not (actions or (permitting.actions and permitting.actions <= forbidding.actions)):
        return False
    if forbidding.kinds and not (permitting.kinds and permitting.kinds <= forbidding.kinds):
        return False
    if forbidding.condition is None:
        return True
    alone = {Operand.PURPOSE: Observation((frozenset({purpose}),), purpose)}
    return evaluate(forbidding.condition, alone).truth is True


def _named(condition: Condition) -> Iterable[str]:
    if isinstance(condition, Compound):
        for part in condition.parts:
            yield from _named(part)
    elif condition.operand is Operand.PURPOSE and condition.operator in _SAYING:
        yield from condition.right


def holders_of(sites: Sites) -> Mapping[str, tuple[SiteName, ...]]:
    held: dict[str, tuple[SiteName, ...]] = {}
    for site in sites.all():
        for name in site.datasets:
            held[name] = (*held.get(name, ()), site.name)
    return held
