"""Step 9: a permit is taken back while a long run is under way."""

from dataspace.cli.demo.facts import Revoked, SiteRefusal
from dataspace.cli.demo.stage import Stage
from dataspace.cli.demo.training import FEATURES, PURPOSE, TARGET
from dataspace.errors import RequestError, SetupError

LONG_ROUNDS = 100
ROUNDS_BEFORE = 2


def revoke(stage: Stage) -> Revoked:
    """A new question is refused at once. The run under way is ended by the hub; what a hospital refused before that is
    named."""
    permit, researcher = stage.granted(), stage.researcher
    run = researcher.runs.start(
        dataset="medpar",
        target=TARGET,
        features=list(FEATURES),
        rounds=LONG_ROUNDS,
        permit=permit.id,
        purpose=PURPOSE,
        minimum_sites=3,
    )
    rounds, question, refused, ended = 0, "", {}, ""
    for event in researcher.runs.events(run):
        facts = event["facts"]
        match event["kind"]:
            case "round":
                rounds += 1
                stage.waiting(f"a run of {LONG_ROUNDS} rounds: {rounds} done")
                if rounds == ROUNDS_BEFORE:
                    stage.steward.revoke(permit, reason="the ethics vote was withdrawn")
                    question = _next_question(stage)
            case "refused" if rounds >= ROUNDS_BEFORE:
                refused[facts["site"]] = SiteRefusal(facts["site"], facts["code"], facts["reason"])
            case "failed":
                ended = str(facts["cause"])
    if not (question and ended and rounds < LONG_ROUNDS):
        raise SetupError(f"The run {run} went on after {permit.id} was revoked.", "Report this: it must not.")
    return Revoked(
        permit=permit.id,
        question_refused=question,
        run=run,
        rounds_before=rounds,
        round_refused=tuple(refused[site] for site in sorted(refused)),
        ended=ended,
    )


def _next_question(stage: Stage) -> str:
    try:
        stage.researcher.count("type = 3", by=["site"], dataset="medpar", permit=stage.granted())
    except RequestError as refused:
        return refused.fact
    return ""
