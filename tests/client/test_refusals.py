"""A refusal reads: the rule, the missing fact, who can change it, the nearest thing that would pass."""

from datetime import UTC, datetime

from dataspace.client.refusals import Explanation, Refused, conditions, denial_text
from dataspace.model.decisions import Allow, ConstraintReport, Decision, Deny, Reason
from dataspace.model.names import ColumnName, PolicyId, RuleId, SiteName
from dataspace.model.policies import Effect, Mask, MaskKind, Obligations, Operand

NO_PERMIT = Reason(
    PolicyId("medpar"),
    RuleId("research"),
    Effect.PERMIT,
    False,
    "There is no permit.",
    (
        ConstraintReport(Operand.PERMIT, "valid", "none came", False),
        ConstraintReport(Operand.PURPOSE, "scientific research", "scientific research", True),
    ),
    "you",
)
ARTICLE_54 = Reason(
    PolicyId("ehds"),
    RuleId("article-54"),
    Effect.FORBID,
    True,
    "Art. 54 forbids it",
    (),
    "nobody here: it is the law",
)


def test_a_refusal_names_rule_fact_and_remedy() -> None:
    decision = Deny(
        (NO_PERMIT,), (Operand.PERMIT,), 'You can change this: hub.apply("medpar"), then ask again.'
    )
    assert denial_text("medpar", decision) == (
        "Refused: There is no permit [medpar/research].\n"
        "  fact    needed  found\n"
        "  permit  valid   none came\n"
        "Missing: permit.\n"
        'You can change this: hub.apply("medpar"), then ask again.'
    )


def test_without_a_suggestion_the_application_is_suggested() -> None:
    assert denial_text("medpar", Deny((NO_PERMIT,))).endswith(
        'You can change this: hub.apply("medpar", purpose="…")'
    )


def test_what_only_others_can_change_says_who() -> None:
    text = denial_text("medpar", Deny((ARTICLE_54,)))
    assert text == (
        "Refused: Art. 54 forbids it [ehds/article-54].\nWho can change this: nobody here: it is the law."
    )


def test_no_policy_at_all_is_the_default() -> None:
    assert denial_text("medpar", Deny(())).startswith(
        "Refused: no policy permits this for 'medpar' [default]."
    )


def test_the_exception_shows_the_same_text_and_how_to_apply() -> None:
    refused = Refused("medpar", Deny((NO_PERMIT,)))
    assert str(refused) == denial_text("medpar", Deny((NO_PERMIT,)))
    assert refused.request_access().line == 'hub.apply("medpar", purpose="…")'
    assert refused.code == "request.denied"


def test_an_explanation_of_an_allowance_says_what_it_demands() -> None:
    obligations = Obligations(
        cohort=10,
        epsilon_total=1.0,
        masks={ColumnName("provnum"): Mask(MaskKind.HASH)},
        withheld=frozenset({ColumnName("name")}),
        expires=datetime(2027, 11, 22, tzinfo=UTC),
    )
    reason = Reason(PolicyId("medpar"), RuleId("research"), Effect.PERMIT, True, "")
    explanation = Explanation("aggregate", {"medpar": Allow(obligations, (reason,))})
    assert explanation.allowed
    assert repr(explanation) == (
        "Allowed: aggregate of 'medpar' [medpar/research].\n"
        "  cells from at least 10 privacy units\n"
        "  ε at most 1 in all\n"
        "  until 2027-11-22\n"
        "  masked: provnum (hash)\n"
        "  withheld: name"
    )


def test_one_refusal_is_enough_for_the_whole_question() -> None:
    decisions: dict[str, Decision] = {"a": Allow(Obligations(), ()), "b": Deny(())}
    assert not Explanation("rows", decisions).allowed
    assert not Explanation("rows", {}).allowed
    assert "<br>" in Explanation("rows", decisions)._repr_html_()


def test_what_is_owed_after_an_answer_is_told_with_the_other_conditions() -> None:
    owed = Obligations(
        retention_days=30,
        no_onward_sharing=True,
        duties=frozenset({"publish"}),
        sites=frozenset({SiteName("a")}),
    )
    assert conditions(owed) == ["computed only at: a", "kept for at most 30 days", "not handed on", "publish"]
