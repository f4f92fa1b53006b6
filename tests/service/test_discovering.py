"""What a principal may not discover does not exist for them: rules that name `discover` decide, everywhere alike."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.policy_yaml import parse_policy
from dataspace.adapters.store.store import Store, open_store
from dataspace.errors import UnknownName
from dataspace.model.datasets import Dataset, Label
from dataspace.model.finding import EVERYONE, STEWARDS, Facet
from dataspace.model.names import HUB, DatasetName, PrincipalId
from dataspace.model.policies import PolicySet
from dataspace.model.predicates import Predicate
from dataspace.model.principals import Fact, Principal, Role
from dataspace.policy.digest import policy_set
from dataspace.service.discovering import Sight, audience_of, visible_dataset
from dataspace.service.enforcing import Enforcement
from dataspace.service.finding import Finding
from dataspace.testing.examples import example_dataset

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def person(id: str, *roles: Role, organisation: str = "", country: str = "") -> Principal:
    claims = {"country": Fact(country, "hub")} if country else {}
    return Principal(PrincipalId(id), id.title(), frozenset(roles), organisation, "hub", claims)


ANA = person("ana", Role.RESEARCHER, organisation="Charite", country="DE")
BEN = person("ben", Role.RESEARCHER, organisation="Elsewhere", country="FR")
SAM = person("sam", Role.STEWARD)
ADA = person("ada", Role.ADMINISTRATOR)


def no_filters(text: str) -> Predicate:
    raise AssertionError(text)


def rules(*texts: str) -> PolicySet:
    """Policies p0, p1, … on `stays`, each with the rules of one text."""
    head = "policy: p{}\ntitle: T\nowner: O\non: stays\n"
    return policy_set(
        parse_policy((head.format(number) if "policy:" not in text else "") + text, "p.yaml", no_filters)
        for number, text in enumerate(texts)
    )


def published(name: str = "stays", title: str = "Hidden stays") -> Dataset:
    return replace(example_dataset(name, title), published=True)


ALLOW_ANA = "allow: {do: discover, who: {affiliation: Charite}}"
FORBID_BEN = "forbid: {do: discover, who: {country: FR}}"
FAR = "policy: p\ntitle: T\nowner: O\nsite: far\non: stays\n"
CASES: list[tuple[str, Sequence[str], bool, bool]] = [
    # what the policies say; whether Ana, whether Ben may know of it
    ("nothing at all", (), True, True),
    ("rules about questions alone", ("forbid: {for: uses of Art. 54}", "allow: {answers: rows}"), True, True),
    ("a prohibition of everything but discovery by name", ("forbid: {who: anyone}",), True, True),
    ("a permission for some", (ALLOW_ANA,), True, False),
    ("a prohibition for some", (FORBID_BEN,), True, False),
    ("a permission for all and a prohibition for some", ("allow: {do: discover}", FORBID_BEN), True, False),
    ("a permission for some and a prohibition of all", (ALLOW_ANA, "forbid: {do: discover}"), False, False),
    ("two permissions", (ALLOW_ANA, "allow: {do: discover, who: {country: FR}}"), True, True),
    ("a permission with a purpose, which nobody states", ("allow: {do: discover, for: research}",), False, False),
    ("a prohibition that cannot be told", ("forbid: {do: discover, for: marketing}",), False, False),
    ("a permission for permit holders", ("allow: {do: discover, who: permit holders}",), False, False),
    ("a permission about a kind of answer", (f"allow: {{{ALLOW_ANA[8:-1]}, answers: train}}",), True, False),
    ("a prohibition by a label of a column", ("forbid: {do: discover, on: special-category}",), False, False),
    ("a prohibition by a label that it has not", ("forbid: {do: discover, on: free-text}",), True, True),
    ("a prohibition on everything", ("forbid: {do: discover, on: everything}",), False, False),
    ("rules on another dataset", ("forbid: {do: discover, on: other}",), True, True),
    ("a permission that has ended", (f"allow: {{{ALLOW_ANA[8:-1]}, until: 2026-01-31}}",), False, False),
    ("a prohibition at another site", (f"{FAR}{FORBID_BEN}",), True, True),
]  # fmt: skip


def labelled(dataset: Dataset) -> Dataset:
    columns = [replace(dataset.columns[0], labels=frozenset({Label.SPECIAL_CATEGORY})), *dataset.columns[1:]]
    return replace(dataset, columns=tuple(columns))


@pytest.mark.parametrize(("said", "texts", "ana", "ben"), CASES, ids=[case[0] for case in CASES])
def test_who_may_know_of_a_published_dataset(said: str, texts: Sequence[str], ana: bool, ben: bool) -> None:
    policies, dataset = rules(*texts), labelled(published())
    seen = {asker.id: Sight(asker, policies, NOW, HUB).covers(dataset) for asker in (ANA, BEN, SAM, ADA)}
    assert seen == {"ana": ana, "ben": ben, "sam": True, "ada": True}, said


def test_no_permission_shows_a_draft() -> None:
    draft = replace(published(), published=False)
    policies = rules("allow: {do: discover}")
    assert audience_of(draft, policies) == STEWARDS
    assert not Sight(ANA, policies, NOW, HUB).covers(draft)


def test_datasets_that_the_same_rules_decide_on_have_one_audience() -> None:
    both = rules("allow: {do: discover, on: [stays, visits], who: {affiliation: Charite}}")
    assert audience_of(published("stays"), both) == audience_of(published("visits"), both)
    assert audience_of(published("other"), both) == EVERYONE
    apart = rules("allow: {do: discover, on: [stays, visits]}", "forbid: {do: discover, on: visits}")
    assert audience_of(published("stays"), apart) != audience_of(published("visits"), apart)


def test_an_audience_that_other_rules_made_is_nobodys() -> None:
    before, after = rules(ALLOW_ANA), rules(ALLOW_ANA, "allow: {do: discover, on: other}")
    audience = audience_of(published(), before)
    assert Sight(ANA, before, NOW, HUB).sees(audience)
    assert not Sight(ANA, after, NOW, HUB).sees(audience)
    assert Sight(ANA, rules(ALLOW_ANA, "allow: {answers: rows}"), NOW, HUB).sees(audience)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    with open_store(tmp_path, clock, MemorySigner(bytes(range(32))), "hub/log") as store:
        yield store


@pytest.fixture
def enforcement(store: Store, clock: ManualClock) -> Enforcement:
    return Enforcement(HUB, clock, store.policies, store.log)


@pytest.fixture
def finding(store: Store, enforcement: Enforcement) -> Finding:
    store.catalog.put(labelled(published()))
    store.catalog.put(published("open", "Open stays"))
    return Finding(store.catalog, store.finder, store.sites, enforcement)


def publish(store: Store, *texts: str) -> None:
    for policy in rules(*texts).policies:
        store.policies.publish(policy, "")


def test_a_policy_that_is_published_hides_and_one_that_is_withdrawn_shows(
    finding: Finding, store: Store
) -> None:
    assert finding.search(BEN).total == 2
    before = finding.state(BEN)
    publish(store, ALLOW_ANA)
    for asker, total in ((ANA, 2), (BEN, 1), (SAM, 2)):
        assert finding.search(asker, "stays").total == total
        assert finding.search(asker).total == total
        assert len(finding.datasets(asker, "")) == total
        assert len(finding.listing(asker)[0]) == total
    assert finding.state(BEN) not in (before, finding.state(ANA))
    store.policies.withdraw(store.policies.current().policies[0].id)
    assert finding.search(BEN).total == 2


def test_what_may_not_be_discovered_is_in_no_count_facet_or_suggestion(
    finding: Finding, store: Store
) -> None:
    publish(store, ALLOW_ANA)
    labels = {count.value for count in finding.search(BEN).facets if count.facet is Facet.LABEL}
    assert Label.SPECIAL_CATEGORY.value not in labels
    assert any(count.value == Label.SPECIAL_CATEGORY.value for count in finding.search(ANA).facets)
    narrowed = [f"label:{Label.SPECIAL_CATEGORY.value}"]
    assert finding.search(BEN, "", narrowed) == finding.search(BEN, "", ["label:nosuch"])
    assert (finding.search(ANA, "hiden").suggestion, finding.search(BEN, "hiden").suggestion) == (
        "hidden",
        "",
    )
    there, absent = finding.search(BEN, "hidden"), finding.search(BEN, "nosuchword")
    assert replace(there, text="") == replace(absent, text="")


def test_an_error_names_only_what_may_be_discovered(
    finding: Finding, store: Store, enforcement: Enforcement
) -> None:
    publish(store, ALLOW_ANA)
    catalog = store.catalog
    assert visible_dataset(catalog, DatasetName("stays"), ANA, enforcement).title == "Hidden stays"
    hidden, absent = ["stays", "stayz"], list[str]()
    for name in hidden:
        with pytest.raises(UnknownName) as refused:
            visible_dataset(catalog, DatasetName(name), BEN, enforcement)
        absent.append(str(refused.value).replace(name, "…"))
    assert absent[0] == absent[1] and "stays" not in absent[1]
    with pytest.raises(UnknownName, match="Did you mean 'stays'"):
        visible_dataset(catalog, DatasetName("stayz"), ANA, enforcement)


def test_a_rule_that_ends_takes_effect_without_anything_being_put(
    finding: Finding, store: Store, clock: ManualClock
) -> None:
    publish(store, f"allow: {{{ALLOW_ANA[8:-1]}, until: {clock.now().date().isoformat()}}}")
    assert finding.search(ANA).total == 2
    clock.advance(timedelta(days=2))
    assert finding.search(ANA).total == 1
    assert finding.search(SAM).total == 2


PURPOSES: list[tuple[Sequence[str], set[str]]] = [
    (("allow: {for: scientific research}",), {"dpv:ScientificResearch"}),
    (("allow: {for: scientific research}", "forbid: {for: scientific research}"), set()),
    (("allow: {for: scientific research}", "forbid: {for: research and development}"), set()),
    (("allow: {for: scientific research}", "forbid: {who: anyone}"), set()),
    (("allow: {for: scientific research}", "forbid: {for: marketing}"), {"dpv:ScientificResearch"}),
    (("allow: {for: scientific research}", "forbid: {who: {country: FR}}"), {"dpv:ScientificResearch"}),
    (
        ("allow: {for: scientific research}", "forbid: {for: scientific research, answers: rows}"),
        {"dpv:ScientificResearch"},
    ),
    (
        (
            "allow: {for: scientific research, answers: rows}",
            "forbid: {for: scientific research, answers: rows}",
        ),
        set(),
    ),
    (("allow: {for: scientific research}", "forbid: {on: other, who: anyone}"), {"dpv:ScientificResearch"}),
    (
        (
            "allow: {for: scientific research, answers: aggregate}",
            "forbid: {for: scientific research, answers: noisy}",
        ),
        {"dpv:ScientificResearch"},
    ),
    (("allow: {do: discover, for: scientific research}",), set()),
]


@pytest.mark.parametrize(("texts", "purposes"), PURPOSES)
def test_the_purposes_shown_are_those_that_no_prohibition_takes_from_everybody(
    finding: Finding, store: Store, texts: Sequence[str], purposes: set[str]
) -> None:
    publish(store, *texts)
    shown = {count.value for count in finding.search(SAM).facets if count.facet is Facet.PURPOSE}
    assert shown == purposes
