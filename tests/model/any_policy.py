"""Any policy that can be written down, in all its parts: what has to come back from each form that policies have."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from dataspace.model.datasets import Label
from dataspace.model.names import ColumnName, PolicyId, RuleId, dataset_name, site_name
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Connective,
    Constraint,
    Effect,
    Mask,
    MaskKind,
    Obligations,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from dataspace.model.predicates import All, AnyOf, Comparator, Compare, IsNull, Not, OneOf, Predicate

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
DATASETS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).map(dataset_name)
COLUMNS = TEXT.filter(bool).map(ColumnName)
COUNTS = st.none() | st.integers(0, 10**6)
EPSILONS = st.none() | st.floats(0, 10, allow_nan=False)
WORDS = st.sampled_from(
    ["dpv:ScientificResearch", "gdpr:A6-1-a", "EU", "2027-01-01T00:00:00+00:00", "P30D", "7"]
)
VALUES = st.lists(WORDS | TEXT, min_size=1, max_size=3).map(tuple)
CONSTRAINTS = st.builds(Constraint, st.sampled_from(Operand), st.sampled_from(Operator), VALUES)
CONDITIONS = st.recursive(
    CONSTRAINTS,
    lambda below: st.builds(
        Compound, st.sampled_from(Connective), st.lists(below, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
_CONSTANTS = st.integers() | TEXT
PREDICATES: st.SearchStrategy[Predicate] = st.recursive(
    st.builds(Compare, COLUMNS, st.sampled_from(Comparator), _CONSTANTS | st.booleans())
    | st.builds(OneOf, COLUMNS, st.lists(_CONSTANTS, min_size=1, max_size=3).map(tuple))
    | st.builds(IsNull, COLUMNS),
    lambda below: (
        st.builds(Not, below)
        | st.builds(All, st.lists(below, min_size=1, max_size=2).map(tuple))
        | st.builds(AnyOf, st.lists(below, min_size=1, max_size=2).map(tuple))
    ),
    max_leaves=4,
)
MASKS = st.builds(Mask, st.sampled_from(MaskKind), st.floats(0, 100), TEXT)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
OWED = st.builds(
    Obligations,
    row_filter=st.none() | PREDICATES,
    masks=st.dictionaries(COLUMNS, MASKS, max_size=2),
    withheld=st.frozensets(COLUMNS, max_size=2),
    cohort=COUNTS,
    epsilon_question=EPSILONS,
    epsilon_total=EPSILONS,
    maximum_rows=COUNTS,
    minimum_sites=COUNTS,
    minimum_units=COUNTS,
    minimum_events=COUNTS,
    expires=st.none() | MOMENTS,
    restate_purpose=st.booleans(),
    attribution=TEXT,
    answer=st.none() | st.sampled_from(AnswerKind),
    sites=st.none() | st.frozensets(NAMES.map(site_name), max_size=2),
    retention_days=COUNTS,
    no_onward_sharing=st.booleans(),
    duties=st.frozensets(TEXT, max_size=2),
    round_to=COUNTS,
    compare_across=st.frozensets(st.sampled_from(["principal", "project"])),
)
TARGETS = st.builds(
    Target, st.frozensets(DATASETS, min_size=1, max_size=2), st.frozensets(st.sampled_from(Label), max_size=2)
) | st.just(Target(everything=True))
RULES = st.builds(
    Rule,
    NAMES.map(RuleId),
    st.sampled_from(Effect),
    TARGETS,
    st.frozensets(st.sampled_from(Action)),
    st.frozensets(st.sampled_from(AnswerKind)),
    st.none() | CONDITIONS,
    OWED,
    TEXT,
)
POLICIES = st.builds(
    Policy,
    NAMES.map(PolicyId),
    TEXT.filter(bool),
    TEXT.filter(bool),
    st.lists(RULES, min_size=1, max_size=3, unique_by=lambda rule: rule.id).map(tuple),
    st.none() | NAMES.map(site_name),
)
