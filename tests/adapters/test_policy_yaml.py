"""Policies in YAML: what each key means, and that a careless or hostile file is refused with line and hint."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.adapters.policy_yaml import parse_policy
from dataspace.adapters.scenario_yaml import parse_scenarios
from dataspace.errors import PolicyUnreadable, UnsupportedQuery
from dataspace.model.datasets import Label
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Condition,
    Connective,
    Constraint,
    Effect,
    Mask,
    MaskKind,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from dataspace.model.predicates import Comparator, Compare, Predicate

HEAD = "policy: stays\ntitle: Stays\nowner: the steward\n"


def predicate(text: str) -> Predicate:
    column, comparator, value = text.split(" ")
    if not value.isdigit():
        raise UnsupportedQuery("a literal that is no number")
    return Compare(column, Comparator(comparator), int(value))  # type: ignore[arg-type]


def parse(text: str, head: str = HEAD) -> Policy:
    return parse_policy(head + text, "stays.yaml", predicate)


def one(text: str) -> Rule:
    (rule,) = parse(text).rules
    return rule


def condition(text: str) -> Condition | None:
    return one(f"on: stays\nforbid: {{{text}}}\n").condition


def test_a_page_of_yaml_is_a_policy() -> None:
    policy = parse(
        """
on: [stays, other]
allow:
  - rule: research
    for: [scientific research, dpv:AcademicResearch]
    who: permit holders
    answers: [aggregate, noisy, train]
    until: 2027-12-31
    limits:
      cohort: 20
      epsilon per question: 0.5
      epsilon per permit: 1
      maximum rows: 100
      minimum sites: 4
      minimum units: 60
      minimum events: 12
      rows: los <= 60
      mask: {provnum: hash, los: generalise 5, hmo: "null", white: constant hidden}
      withhold: [died]
      restate purpose: yes
      attribution: Somebody
    because: For research.
forbid:
  on: special-category
  for: uses of Art. 54
"""
    )
    research, second = policy.rules
    assert (policy.id, policy.title, policy.owner, policy.site) == ("stays", "Stays", "the steward", None)
    assert (research.id, second.id) == ("research", "forbid-1")
    assert research.target == Target(frozenset({"stays", "other"}))  # type: ignore[arg-type]
    assert research.actions == {Action.AGGREGATE, Action.TRAIN}
    assert research.kinds == {AnswerKind.AGGREGATE, AnswerKind.NOISY, AnswerKind.TRAIN}
    assert research.condition == Compound(
        Connective.AND,
        (
            Constraint(
                Operand.PURPOSE, Operator.IS_ANY_OF, ("dpv:ScientificResearch", "dpv:AcademicResearch")
            ),
            Constraint(Operand.PERMIT, Operator.EQ, ("valid",)),
            Constraint(Operand.DATE_TIME, Operator.LT, ("2028-01-01T00:00:00+00:00",)),
        ),
    )
    owed = research.obligations
    assert (owed.cohort, owed.epsilon_question, owed.epsilon_total, owed.maximum_rows) == (20, 0.5, 1.0, 100)
    assert (owed.minimum_sites, owed.minimum_units, owed.minimum_events) == (4, 60, 12)
    assert owed.row_filter == predicate("los <= 60")
    assert dict(owed.masks) == {
        "provnum": Mask(MaskKind.HASH),
        "los": Mask(MaskKind.GENERALISE, 5),
        "hmo": Mask(MaskKind.NULL),
        "white": Mask(MaskKind.CONSTANT, constant="hidden"),
    }
    assert owed.withheld == {"died"}
    assert (owed.restate_purpose, owed.attribution) == (True, "Somebody")
    assert owed.expires == datetime(2028, 1, 1, tzinfo=UTC)
    assert (research.because, second.effect) == ("For research.", Effect.FORBID)
    assert second.target == Target(labels=frozenset({Label.SPECIAL_CATEGORY}))


_WHO: list[tuple[str, Condition | None]] = [
    ("anyone", None),
    ("permit holders", Constraint(Operand.PERMIT, Operator.EQ, ("valid",))),
    ("researchers", Constraint(Operand.ROLE, Operator.IS_ANY_OF, ("researcher",))),
    ("[steward, auditors]", Constraint(Operand.ROLE, Operator.IS_ANY_OF, ("steward", "auditor"))),
    ("{country: [DE, FR]}", Constraint(Operand.COUNTRY, Operator.IS_ANY_OF, ("DE", "FR"))),
    ("{country: NO}", Constraint(Operand.COUNTRY, Operator.EQ, ("NO",))),
]


@pytest.mark.parametrize(("text", "expected"), _WHO)
def test_who_is_meant(text: str, expected: Condition | None) -> None:
    assert one(f"on: stays\nallow: {{who: {text}, answers: rows}}").condition == expected


_CONDITIONS: list[tuple[str, Condition]] = [
    ("for: marketing", Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:Marketing",))),
    ("when: {count: {more than: 100}}", Constraint(Operand.COUNT, Operator.GT, ("100",))),
    ("when: {date: {before: 2027-01-01}}", Constraint(Operand.DATE_TIME, Operator.LT, ("2027-01-01",))),
    ("when: {elapsed time: {at least: P30D}}", Constraint(Operand.ELAPSED_TIME, Operator.GTEQ, ("P30D",))),
    ("when: {answers: rows}", Constraint(Operand.ANSWER_KIND, Operator.EQ, ("rows",))),
    ("when: {label: free text}", Constraint(Operand.LABEL, Operator.EQ, ("free-text",))),
    (
        "when: {role: {all of: [steward, auditor]}}",
        Constraint(Operand.ROLE, Operator.IS_ALL_OF, ("steward", "auditor")),
    ),
    ("unless: {country: DE}", Constraint(Operand.COUNTRY, Operator.NEQ, ("DE",))),
    ("unless: {country: {is not: DE}}", Constraint(Operand.COUNTRY, Operator.EQ, ("DE",))),
    ("unless: {country: {none of: [DE, FR]}}", Constraint(Operand.COUNTRY, Operator.IS_ANY_OF, ("DE", "FR"))),
    ("unless: {legal basis: A6-1-e}", Constraint(Operand.LEGAL_BASIS, Operator.IS_NONE_OF, ("gdpr:A6-1-e",))),
    ("unless: {count: {less than: 5}}", Constraint(Operand.COUNT, Operator.GTEQ, ("5",))),
    (
        "unless: {role: {all of: [steward, auditor]}}",
        Compound(
            Connective.OR,
            (
                Constraint(Operand.ROLE, Operator.IS_NONE_OF, ("steward",)),
                Constraint(Operand.ROLE, Operator.IS_NONE_OF, ("auditor",)),
            ),
        ),
    ),
    (
        "unless: {country: DE, permit: valid}",
        Compound(
            Connective.OR,
            (
                Constraint(Operand.COUNTRY, Operator.NEQ, ("DE",)),
                Constraint(Operand.PERMIT, Operator.NEQ, ("valid",)),
            ),
        ),
    ),
    (
        "when: {one: [{country: DE}, {any: [{country: FR}, {country: IT}]}]}",
        Compound(
            Connective.XONE,
            (
                Constraint(Operand.COUNTRY, Operator.EQ, ("DE",)),
                Compound(
                    Connective.OR,
                    (
                        Constraint(Operand.COUNTRY, Operator.EQ, ("FR",)),
                        Constraint(Operand.COUNTRY, Operator.EQ, ("IT",)),
                    ),
                ),
            ),
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), _CONDITIONS)
def test_conditions_are_read_as_they_are_meant(text: str, expected: Condition) -> None:
    assert condition(text) == expected


_ON = "on: stays\n"
# The text after the head of three lines, the line that is named, and words of the message.
_UNREADABLE: list[tuple[str, int, str]] = [
    ("allow: {answers: rows}", 4, "no target"),
    ("on:\nallow: {answers: rows}", 4, "'on' is empty"),
    ("on: []\nallow: {answers: rows}", 4, "'on' is empty"),
    ("on: special-categry\nallow: {answers: rows}", 4, "Did you mean 'special-category'"),
    ("on: Stays\nallow: {answers: rows}", 4, "lower-case"),
    ("on: [everything, stays]\nallow: {answers: rows}", 4, "stands alone"),
    ("on: special-category\nallow: {answers: rows}", 4, "a label alone permits nothing"),
    (_ON, 1, "no rule"),
    (_ON + "allow: []", 5, "'allow' is empty"),
    (_ON + "allow: {}", 5, "'allow' is empty"),
    (_ON + "allow:", 5, "'key: value' lines"),
    (_ON + "allow: rows", 5, "'key: value' lines"),
    (_ON + "alow: {answers: rows}", 5, "Did you mean 'allow'"),
    (_ON + "allow: {answer: rows}", 5, "Did you mean 'answers'"),
    (_ON + "allow: {answers: row}", 5, "Did you mean 'rows'"),
    (_ON + "allow:\n  answers: rows\n  for: scientifc research", 7, "Did you mean 'scientific research'"),
    (_ON + "allow: {answers: []}", 5, "'answers' is empty"),
    (_ON + "allow: {for: []}", 5, "'purpose' is empty"),
    (_ON + "allow: {when: {}}", 5, "would hold for everyone"),
    (_ON + "allow: {when: {all: []}}", 5, "'all' is empty"),
    (_ON + "allow: {when: {all: [{}]}}", 5, "would hold for everyone"),
    (_ON + "allow: {unless: {one: [{country: DE}, {country: FR}]}}", 5, "'one' cannot stand under 'unless'"),
    (_ON + "allow: {when: {contry: DE}}", 5, "Did you mean 'country'"),
    (_ON + "allow: {when: {count: {moar than: 5}}}", 5, "Did you mean 'more than'"),
    (_ON + "allow: {when: {count: many}}", 5, "is not a number"),
    (_ON + "allow: {when: {count: {at least: 1, at most: 5}}}", 5, "one line compares once"),
    (_ON + "allow: {when: {country: {is: [DE, FR]}}}", 5, "compares with one value"),
    (_ON + "allow: {when: {permit: vaild}}", 5, "Did you mean 'valid'"),
    (_ON + "allow: {who: researchr}", 5, "Did you mean 'researcher'"),
    (_ON + "allow: {who: [anyone, steward]}", 5, "'anyone' is not somebody"),
    (_ON + "allow: {until: 31.12.2027}", 5, "is not a date"),
    (_ON + "allow: {until: 9999-12-31}", 5, "is not a date"),
    (_ON + "allow: {limits: {}}", 5, "'limits' is empty"),
    (_ON + "allow: {limits: {cohorte: 20}}", 5, "Did you mean 'cohort'"),
    (_ON + "allow: {limits: {cohort: 4}}", 5, "cannot be below 5"),
    (_ON + "allow: {limits: {cohort: 1e1}}", 5, "whole number"),
    (_ON + "allow: {limits: {cohort: -20}}", 5, "whole number"),
    (_ON + "allow: {limits: {cohort: ٢٠}}", 5, "whole number"),
    (_ON + "allow: {limits: {epsilon per permit: .inf}}", 5, "has to be a number"),
    (_ON + "allow: {limits: {epsilon per permit: inf}}", 5, "above 0 and at most 8"),
    (_ON + "allow: {limits: {epsilon per permit: nan}}", 5, "above 0 and at most 8"),
    (_ON + "allow: {limits: {epsilon per question: 0}}", 5, "above 0 and at most 8"),
    (_ON + "allow: {limits: {rows: los <= many}}", 5, "the row filter cannot be read: Not supported here"),
    (_ON + "allow: {limits: {rows: nonsense}}", 5, "the row filter cannot be read"),
    (_ON + "allow: {limits: {mask: {provnum: hsah}}}", 5, "Did you mean 'hash'"),
    (_ON + "allow: {limits: {mask: {los: generalise}}}", 5, "needs a width"),
    (_ON + "allow: {limits: {mask: {los: generalise 0}}}", 5, "above 0"),
    (_ON + "allow: {limits: {mask: {los: hash 5}}}", 5, "takes nothing after it"),
    (_ON + "allow: {limits: {mask: {}}}", 5, "'column: how'"),
    (_ON + "allow: {limits: {restate purpose: yep}}", 5, "'yep' is not"),
    (_ON + "forbid: {limits: {cohort: 20}}", 5, "a prohibition has no limits"),
    (_ON + "forbid: [{rule: a, for: marketing}, {rule: a, for: credit}]", 1, "two rules are called 'a'"),
    (_ON + "forbid: {rule: A b, for: marketing}", 5, "cannot be the name of a rule"),
    # YAML itself
    (_ON + "allow: {answers: rows\n", 6, "not YAML"),
    (_ON + "allow:\n\t- rows", 6, "not YAML"),
    (_ON + "on: other", 5, "'on' stands here a second time"),
    (_ON + "allow: {answers: rows, answers: train}", 5, "'answers' stands here a second time"),
    (_ON + "allow: &a {answers: rows}\nforbid: *a", 5, "anchors and aliases"),
    (_ON + "allow: {answers: !!python/object/apply:os.system [ls]}", 5, "tags"),
    (_ON + "allow: {answers: !!str rows}", 5, "tags"),
    (_ON + "allow: {<<: {answers: rows}}", 5, "'<<' is not a key"),
    (_ON + "--- \nallow: {answers: rows}", 5, "one document"),
    (_ON + "allow: " + "[" * 40 + "]" * 40, 5, "nested too deeply"),
    (_ON + "allow: [" + "a, " * 5000 + "]", 5, "nested too deeply or too long"),
    (_ON + "# " + "x" * 70_000, 1, "more than 65,536 characters"),
    (_ON + "? {a: b}\n: c", 5, "a key has to be one word"),
    (_ON + "allow: \x00", 1, "characters that YAML does not allow"),
]


@pytest.mark.parametrize(("text", "line", "words"), _UNREADABLE)
def test_what_cannot_be_read_is_refused_with_file_line_and_hint(text: str, line: int, words: str) -> None:
    with pytest.raises(PolicyUnreadable) as caught:
        parse(text)
    assert str(caught.value).startswith(f"stays.yaml, line {line}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "just words", "42"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(PolicyUnreadable, match="line 1: the file holds no mapping"):
        parse(text, head="")


@pytest.mark.parametrize("key", ["policy", "title", "owner"])
def test_name_title_and_owner_are_needed(key: str) -> None:
    head = "".join(f"{line}\n" for line in HEAD.splitlines() if not line.startswith(key))
    with pytest.raises(PolicyUnreadable, match=f"'{key}' is missing"):
        parse("on: stays\nforbid: {for: marketing}", head)


def test_words_that_yaml_takes_for_something_else_stay_words() -> None:
    rule = one("on: no\nforbid: {when: {affiliation: [NO, on, 12:30, 1e3, ~]}}")
    assert rule.target == Target(frozenset({"no"}))  # type: ignore[arg-type]
    assert rule.condition == Constraint(
        Operand.AFFILIATION, Operator.IS_ANY_OF, ("NO", "on", "12:30", "1e3", "~")
    )


_pieces = st.sampled_from(
    [
        "on: stays",
        "allow:",
        "  answers: rows",
        "  for: x",
        "- a",
        "{",
        "}",
        "&a",
        "*a",
        "!!x",
        "? ",
        "---",
        "\t",
        ": ",
    ]
)


@given(st.lists(_pieces | st.text(max_size=6), max_size=12), st.sampled_from(["\n", " ", "\n  "]))
def test_whatever_stands_in_the_file_it_is_a_policy_or_a_refusal(pieces: list[str], glue: str) -> None:
    try:
        parse(glue.join(pieces))
    except PolicyUnreadable as refusal:
        assert str(refusal).startswith("stays.yaml, line ")


SCENARIOS = """policy: stays
at: 2026-12-01T12:00:00Z
columns: {age: [], died: special-category}
permits:
  P-1: {on: stays, for: [scientific research, train AI systems], answers: aggregate, legal basis: A6-1-e}
scenarios:
  - name: one
    ask: {on: stays, answers: aggregate, columns: [age], permit: P-1}
    expect: allow
"""


def test_a_scenario_file_is_read() -> None:
    rehearsal = parse_scenarios(SCENARIOS, "s.yaml", predicate)
    (scenario,) = rehearsal.scenarios
    permit = scenario.request.permit
    assert permit is not None
    assert (permit.purpose, permit.purposes) == (
        "scientific research",
        ("scientific research", "train AI systems"),
    )
    assert scenario.at == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert scenario.expects.allowed


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("permit: P-1}", "permit: P-2}", 8, "Did you mean 'P-1'"),
        ("[age]", "[aeg]", 8, "Did you mean 'age'"),
        ("expect: allow", "expect: alow", 9, "Did you mean 'allow'"),
        ("at: 2026-12-01T12:00:00Z", "at: noon", 2, "is not a time"),
        ("died: special-category", "died: special", 3, "Did you mean 'special-category'"),
        ("ask: {on: stays,", "ask: {on: Stays,", 8, "is no name"),
        ("    expect: allow\n", "", 7, "'expect' is missing"),
        ("answers: aggregate, columns", "answers: [], columns", 8, "'answers' is empty"),
        ("answers: aggregate, columns", "answers: [rows, noisy], columns", 8, "of a question is one"),
    ],
)
def test_a_scenario_file_that_cannot_be_read_is_refused(old: str, new: str, line: int, words: str) -> None:
    assert old in SCENARIOS
    with pytest.raises(PolicyUnreadable) as caught:
        parse_scenarios(SCENARIOS.replace(old, new), "s.yaml", predicate)
    assert str(caught.value).startswith(f"s.yaml, line {line}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("title: Сharité", "mixes letters of Cyrillic and Latin"),
        ("title: stаys", "mixes letters of Cyrillic and Latin"),
        ("title: ｓtays", "mixes letters of Fullwidth and Latin"),
        ("title: a\u200bb", r"invisible character \(U\+200B\)"),
        ("title: a\u202eb", r"invisible character \(U\+202E\)"),
    ],
)
def test_what_reads_as_something_else_than_it_is_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(PolicyUnreadable, match=complaint):
        parse("on: stays\nforbid: {who: anyone}\n", f"policy: stays\n{text}\nowner: me\n")


def test_words_of_other_languages_and_units_are_words() -> None:
    title = "Größe in μm und kΩ, Αθήνα, Łódź, Київ"
    assert (
        parse("on: stays\nforbid: {who: anyone}\n", f"policy: stays\ntitle: {title}\nowner: me\n").title
        == title
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("when: {country: EEA}", Constraint(Operand.COUNTRY, Operator.IS_A, ("EEA",))),
        ("when: {country: [eea, jp]}", Constraint(Operand.COUNTRY, Operator.IS_ANY_OF, ("EEA", "JP"))),
        ("when: {spatial: {within: EU}}", Constraint(Operand.SPATIAL, Operator.IS_PART_OF, ("EU",))),
        ("unless: {spatial: {within: EU}}", Constraint(Operand.SPATIAL, Operator.IS_NONE_OF, ("EU",))),
        (
            "when: {organisation kind: company}",
            Constraint(Operand.ORGANISATION_KIND, Operator.EQ, ("company",)),
        ),
    ],
)
def test_places_and_kinds_of_organisations_are_meant(text: str, expected: Constraint) -> None:
    assert condition(text) == expected


def test_a_sequence_is_kept_in_its_order() -> None:
    found = condition("when: {in order: [{permit: valid}, {dpia: DPIA not required}]}")
    assert isinstance(found, Compound)
    assert found.connective is Connective.AND_SEQUENCE


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("when: {country: XX}", "not a country"),
        ("when: {organisation kind: publik body}", "Did you mean 'public body'"),
        ("unless: {spatial: {includes: EU}}", "cannot stand under 'unless'"),
        ("when: {secure environment: maybe}", "valid"),
    ],
)
def test_a_place_or_kind_that_is_none_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(PolicyUnreadable, match=complaint):
        condition(text)


def test_limits_know_what_an_allowance_can_owe() -> None:
    owed = one(
        "on: stays\nallow:\n  limits: {answers at most: noisy, sites: [a-1, b], retention days: 30, "
        "no onward sharing: yes, duties: [publish, return results]}\n"
    ).obligations
    assert (owed.answer, owed.sites, owed.retention_days) == (AnswerKind.NOISY, frozenset({"a-1", "b"}), 30)
    assert (owed.no_onward_sharing, owed.duties) == (True, frozenset({"publish", "return results"}))
