"""One hub and four hospitals in one process: real engine, store, keys and guards; only Flower and HTTP left out.

Every test asks what a person would ask; the attacks on the guard send what a lying coordinator would send.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.local_federation import LocalFederation
from dataspace.bootstrap import HubServices, SiteServices, build_hub, build_site, init_hub
from dataspace.cli.demo.record import FIELDS as RECORD
from dataspace.errors import AccessDenied, BudgetExceeded, DataspaceError, NoAnswer, SiteUnavailable
from dataspace.model.codec import to_json
from dataspace.model.limits import Acceptance, SiteLimits
from dataspace.model.names import ColumnName, DatasetName, PermitId, PrincipalId, RunId, SiteName
from dataspace.model.places import Place
from dataspace.model.plans import CountPlan, Family, TrainingPlan
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.model.requests import Query
from dataspace.model.runs import SiteMessage, SiteReply, Step, float_array
from dataspace.model.sites import Site
from dataspace.model.training import Network, TrainingPrivacy
from dataspace.planning.network import initial
from dataspace.service.answering import Delivered
from dataspace.service.applying import Contents
from dataspace.service.permit_documents import key_digest
from dataspace.service.registering import Registration
from dataspace.service.signed_replies import stands
from dataspace.settings import HubSettings, Pinned, SiteSettings
from dataspace.site.will import document_digest
from dataspace.transparency.notes import parse_verifier_key
from dataspace.transparency.receipts import verify_receipt

pytestmark = pytest.mark.slow

APP = "a" * 64
HOSPITALS = tuple(SiteName(f"hospital-{letter}") for letter in "abcd")
AWAY = HOSPITALS[1]
POLICIES = files("dataspace_policies")
STEWARD = Principal(PrincipalId("sven"), "Sven", frozenset({Role.STEWARD}), "hub")
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}), "university")
BEN = Principal(PrincipalId("ben"), "Ben", frozenset({Role.RESEARCHER}), "company")
PLAN = TrainingPlan(
    DatasetName("medpar"),
    Family.LOGISTIC,
    ColumnName("died"),
    (ColumnName("age80"), ColumnName("hmo"), ColumnName("white"), ColumnName("type")),
    {ColumnName("type"): (1, 2, 3)},
    "train AI systems",
)


@dataclass(frozen=True)
class World:
    hub: HubServices
    sites: Mapping[SiteName, SiteServices]
    permit: PermitId
    jws: str
    elsewhere: Path
    """Where the rows of AWAY stay; the other sites hold theirs."""


def stays(path: Path, seed: int, n: int = 500) -> Path:
    """Invented stays with the columns of the dictionary; nothing real."""
    rng = np.random.default_rng(seed)
    age80, hmo, white = (rng.random((3, n)) < [[0.25], [0.15], [0.9]]).astype(int)
    kind = rng.choice([1, 2, 3], n, p=[0.7, 0.2, 0.1])
    odds = -1.0 + 0.7 * age80 + 0.8 * (kind == 3)
    died = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    los = rng.integers(1, 90, n)
    provider = [f"03{seed}{i % 7:03d}" for i in range(n)]
    columns = {
        "los": los,
        "hmo": hmo,
        "white": white,
        "died": died,
        "age80": age80,
        "type": kind,
        "provnum": provider,
    }
    pacsv.write_csv(pa.table(columns), path)
    return path


def folder_of(root: Path) -> Path:
    """The file whose rows stay where they are."""
    folder = root / "elsewhere"
    folder.mkdir(exist_ok=True)
    return folder / "medpar.csv"


def policy(name: str) -> str:
    return (POLICIES / f"{name}.yaml").read_text()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("world")
    dictionary = (POLICIES / "dictionaries" / "medpar.yaml").read_text()
    settings = HubSettings(root / "hub")
    init_hub(settings)
    sites: dict[SiteName, SiteServices] = {}
    federation = LocalFederation({name: handle_of(sites, name) for name in HOSPITALS}, UtcClock())
    hub = build_hub(settings, federation)
    for person in (STEWARD, ANA, BEN):
        hub.people.put(person)
    hub.publishing.dictionary(STEWARD, dictionary)
    for name in ("hub-medpar-extract", "ehds", "gdpr-health", "hospital"):
        hub.publishing.publish(STEWARD, policy(name))
    record = {name: (text,) if isinstance(text, str) else tuple(text) for name, text in RECORD.items()}
    record |= {"description": ("Each row is one stay.",), "theme": ("health",), "keyword": ("stay",)}
    said = Registration("medpar_extract", dictionary="medpar", publish=True, fields=record)
    hub.depositing.register(STEWARD, stays(root / "extract.csv", 9), said)
    hub.publishing.federated(STEWARD, "medpar", "medpar", "Stays of four hospitals", record)
    for number, name in enumerate(HOSPITALS):
        sites[name] = site(root / name, name, hub, number)
        rules = "hospital-no-training" if name == HOSPITALS[-1] else "hospital"
        steward = sites[name].steward
        sites[name].publishing.dictionary(steward, dictionary)
        for text in (policy(rules), policy("ehds"), policy("gdpr-health")):
            sites[name].publishing.publish(steward, text)
        said = Registration("medpar", dictionary="medpar", publish=True)
        if name == AWAY:
            place = Place(f"file://{stays(folder_of(root), number).parent}", "medpar", "")
            sites[name].in_place.register(steward, place, said)
        else:
            sites[name].depositing.register(steward, stays(root / f"{name}.csv", number), said)
        key = sites[name].guard.key
        hub.joining.sites.put(Site(name, signing_key=key, datasets=(DatasetName("medpar"),)))
    application = hub.permitting.apply(
        ANA,
        Contents(
            (DatasetName("medpar"), DatasetName("medpar_extract")),
            ("scientific research", "train AI systems"),
            frozenset({AnswerKind.AGGREGATE, AnswerKind.NOISY, AnswerKind.TRAIN}),
            ("A6-1-e", "A9-2-j"),
            "24-113",
        ),
    )
    signed = hub.permitting.grant(STEWARD, application.id, Obligations(), None)
    yield World(hub, sites, signed.permit.id, signed.jws, folder_of(root))
    for services in sites.values():
        services.close()
    hub.close()


def handle_of(sites: Mapping[SiteName, SiteServices], name: SiteName):  # type: ignore[no-untyped-def]
    def handle(message: SiteMessage) -> SiteReply:
        return sites[name].guard.handle(replace(message, app_hash=APP))

    return handle


def site(home: Path, name: SiteName, hub: HubServices, node: int) -> SiteServices:
    home.mkdir(mode=0o700)
    pinned = Pinned(name, "https://hub", "", "", "", hub.issuer, hub.issuer_key, hub.log.verifier_key(), node)
    limits = SiteLimits(acceptance=Acceptance.BY_POLICY, status_seconds=0.0)
    services = build_site(SiteSettings(home, pinned, limits), hub.permitting.status)
    services.will.approve(APP)
    return services


def ask(
    world: World, text: str, who: Principal = ANA, permit: bool = True, epsilon: float | None = None
) -> Delivered:
    answer = world.hub.asking.ask(
        Query(who, text, "scientific research", world.permit if permit else None, epsilon=epsilon)
    )
    assert isinstance(answer, Delivered)
    return answer


def test_without_a_permit_the_refusal_names_the_rule_the_fact_and_the_way(world: World) -> None:
    with pytest.raises(AccessDenied) as refused:
        ask(world, "select type, count(*) from medpar_extract group by type", permit=False)
    assert "You hold P-1" in str(refused.value)
    assert any(reason.policy == "hub-medpar-extract" for reason in refused.value.decision.reasons)
    last = list(world.hub.log.records())[-1][1]
    assert (last.kind, last.principal) == (RecordKind.QUERY_REFUSED, "ana")


def test_an_aggregate_is_filtered_masked_and_suppressed_and_its_receipt_holds_offline(world: World) -> None:
    answer = ask(world, "select type, died, count(*) as stays from medpar_extract group by type, died")
    assert answer.table.column_names == ["type", "died", "stays"]
    assert sum(n or 0 for n in answer.table["stays"].to_pylist()) < 500 * 61 / 89 + 60
    assert answer.note.filtered == ("medpar_extract.los",)
    assert answer.outcome is not None
    receipt = world.hub.auditing.receipt(ANA, answer.outcome)
    verified = verify_receipt(receipt, parse_verifier_key(world.hub.log.verifier_key()))
    assert verified.record.kind is RecordKind.QUERY_DELIVERED


def test_a_small_group_is_withheld_and_marked(world: World) -> None:
    answer = ask(
        world, "select white, hmo, count(*) as n from medpar_extract where type = 3 group by white, hmo"
    )
    hidden = {cell.row for cell in answer.note.suppressed}
    numbers = answer.table["n"].to_pylist()
    assert hidden
    assert all((n is None) == (row in hidden) for row, n in enumerate(numbers))
    assert all(n >= 10 for n in numbers if n is not None)


def test_a_noisy_answer_is_charged_repeated_at_no_cost_and_refused_when_nothing_is_left(world: World) -> None:
    text = "select count(*) as n from medpar_extract where died = 1"
    first = ask(world, text, epsilon=0.5)
    again = ask(world, text, epsilon=0.5)
    assert (first.note.epsilon, first.note.left) == (0.5, 0.5)
    assert (again.note.epsilon, again.note.repeated) == (0.0, True)
    assert first.table.to_pylist() == again.table.to_pylist()
    ask(world, "select count(*) as n from medpar_extract where died = 0", epsilon=0.5)
    with pytest.raises(BudgetExceeded):
        ask(world, "select count(*) as n from medpar_extract where white = 1", epsilon=0.1)


def test_a_count_across_sites_shows_what_each_site_lets_out(world: World) -> None:
    answer = world.hub.running.count(
        ANA, DatasetName("medpar"), "type = 1", ("site", "died"), world.permit, "scientific research"
    )
    rows = answer.table.to_pylist()
    assert {row["site"] for row in rows} == set(HOSPITALS)
    assert all(row["n"] is None or row["n"] >= 10 for row in rows)
    for name in HOSPITALS:
        kinds = [record.kind for _, record in world.sites[name].log.records()]
        assert kinds[-1] is RecordKind.SITE_REPLY


def test_training_goes_on_with_three_and_names_the_one_that_refused(world: World) -> None:
    _, events = world.hub.running.train(ANA, PLAN, world.permit)
    last = list(events)[-1]
    assert last.kind == "finished", last.facts
    assert sorted(last.facts["sites"]) == sorted(HOSPITALS[:3])
    refusal = last.facts["refused"][HOSPITALS[3]]
    assert refusal["code"] == "policy.forbidden"
    assert "purpose" in refusal["reason"]
    assert len(last.facts["evaluation"]) == 3


def test_a_round_ends_at_the_hub_too_when_its_permit_is_suspended(world: World) -> None:
    run, events = world.hub.running.train(ANA, replace(PLAN, rounds=100), world.permit)
    last = None
    for last in events:
        if last.kind == "round" and last.round == 1:
            world.hub.permitting.suspend(STEWARD, world.permit, "a question")
    assert last is not None
    assert last.kind == "failed", last.facts
    assert last.round < 50
    federation = world.hub.federation
    assert isinstance(federation, LocalFederation)
    assert run in federation._stopped, "the hub itself ends it, and waits for no site"
    record = list(world.hub.log.records())[-1][1]
    assert (record.facts["run"], record.facts["outcome"]) == (run, "failed")
    assert record.facts["cause"] == "the permit does not hold any more"
    world.hub.permitting.resume(STEWARD, world.permit, "answered")
    _, events = world.hub.running.train(ANA, PLAN, world.permit)
    assert list(events)[-1].kind == "finished"


def test_rows_that_stay_in_their_source_at_a_site_are_read_there_and_kept_nowhere(world: World) -> None:
    services = world.sites[AWAY]
    assert not list(services.settings.home.rglob("*.parquet"))
    before = services.catalog.get(DatasetName("medpar"))
    stays(world.elsewhere, 77, n=900)
    services.guard.cuts.drop(DatasetName("medpar"))  # as after a minute
    reply = services.guard.handle(message(world))
    assert (reply.refused, sum(cell["n"] or 0 for cell in reply.document["cells"]) > 600) == ("", True)
    after = services.catalog.get(DatasetName("medpar"))
    assert before is not None and after is not None and after.latest != before.latest
    assert [chapter.number for chapter in after.history] == [1, 2]
    assert not list(services.settings.home.rglob("*.parquet"))


def test_a_source_that_is_gone_is_no_answer_and_tells_nothing_of_where_it_was(world: World) -> None:
    services, kept = world.sites[AWAY], world.elsewhere.read_bytes()
    world.elsewhere.unlink()
    services.guard.cuts.drop(DatasetName("medpar"))
    try:
        reply = services.guard.handle(message(world))
        assert (reply.refused, reply.reason) == ("source.away", "No answer from this site.")
    finally:
        world.elsewhere.write_bytes(kept)
    assert services.guard.handle(message(world)).refused == ""


def test_somebody_elses_permit_does_not_exist(world: World) -> None:
    with pytest.raises(DataspaceError, match="No permit named"):
        ask(world, "select count(*) as n from medpar_extract", who=BEN)


def message(world: World, **changes: object) -> SiteMessage:
    plan = to_json(CountPlan(DatasetName("medpar"), "", ("type",), "scientific research"))
    document = {
        "plan": plan,
        "permit": world.jws,
        "principal": {"id": "ana", "name": "Ana", "roles": ["researcher"]},
        "roster": {name: key_digest(world.sites[name].guard.key) for name in HOSPITALS},
        "sites": list(HOSPITALS),
    }
    return SiteMessage(RunId("R-x"), 1, Step.COUNT, {**document, **changes}, {}, APP)


def refused(world: World, sent: SiteMessage) -> str:
    return world.sites[HOSPITALS[0]].guard.handle(sent).refused


def test_the_guard_answers_an_honest_message(world: World) -> None:
    assert refused(world, message(world)) == ""


def test_the_guard_refuses_what_a_lying_coordinator_may_try(world: World) -> None:
    head, body, signature = world.jws.split(".")
    forged = ".".join([head, body, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")])
    other_person = {"id": "ben", "name": "Ben", "roles": ["researcher"]}
    count = to_json(CountPlan(DatasetName("medpar"), "", ("nonsense",), "scientific research"))
    cases = {
        "permit.invalid": message(world, permit=forged),
        "permit.person": message(world, principal=other_person),
        "app.unknown": replace(message(world), app_hash="b" * 64),
        "policy.forbidden": message(world, permit=""),
        "permit.roster": message(world, sites=[*HOSPITALS, "hospital-z"]),
        "data.unsupported": message(world, plan=count),
        "data.unknown": message(world, plan=to_json(CountPlan(DatasetName("secret"), "", (), "x"))),
        "internal": message(world, plan={"no": "plan"}),
        "data.holdout": training(world, replace(PLAN, holdout=0.251)),
        "data.rounds": training(world, PLAN, number=99),
        "data.shape": replace(training(world, PLAN), arrays={"beta": float_array([0.0])}),
    }
    assert {code: refused(world, sent) for code, sent in cases.items()} == {code: code for code in cases}


def training(world: World, plan: TrainingPlan, number: int = 1) -> SiteMessage:
    beta = float_array(np.zeros(len(plan.terms())))
    sent = message(world, plan=to_json(plan))
    return replace(sent, step=Step.FIT, round=number, arrays={"beta": beta})


def run_of(world: World, plan: TrainingPlan, run: str, **changes: object) -> SiteMessage:
    return replace(training(world, plan), run=RunId(run), **changes)  # type: ignore[arg-type]


def spent(world: World) -> int:
    return len(world.sites[HOSPITALS[0]].guard.answering.ledger.charges())


NOISY = replace(PLAN, rounds=20, privacy=TrainingPrivacy(epsilon=0.5))


def noisy(world: World, run: str, weights: float = 0.0, number: int = 1) -> SiteMessage:
    arrays = {"weights": float_array(np.full(len(PLAN.terms()), weights))}
    return run_of(world, NOISY, run, step=Step.NOISY, arrays=arrays, round=number)


def test_the_guard_refuses_a_plan_out_of_bounds_and_steps_that_it_does_not_have(world: World) -> None:
    wide = replace(PLAN, family=Family.MLP, network=Network(hidden=(100_000,)))
    eager = replace(PLAN, family=Family.MLP, network=Network(steps=10**9))
    endless = replace(PLAN, privacy=TrainingPrivacy(clip=float(10**9)))
    cases = {
        "data.configuration": [wide, eager, endless, replace(PLAN, ridge=-1.0)],
        "data.step": [replace(PLAN, family=Family.MLP), NOISY],
    }
    for code, plans in cases.items():
        for number, plan in enumerate(plans):
            arrays = {"beta": float_array(np.zeros(len(plan.terms())))}
            sent = run_of(world, plan, f"R-{code}-{number}", arrays=arrays)
            assert refused(world, sent) == code, plan
    many = replace(PLAN, family=Family.MLP, network=Network(hidden=(60,)))
    sent = run_of(world, many, "R-many", step=Step.LOCAL, arrays={"weights": float_array(initial(many))})
    assert refused(world, sent) == "data.parameters"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_coefficients_that_are_no_numbers_are_refused(world: World, value: float) -> None:
    beta = np.zeros(len(PLAN.terms()))
    beta[1] = value
    assert refused(world, run_of(world, PLAN, "R-nan", arrays={"beta": beta})) == "data.shape"


def test_a_run_stays_what_it_was_when_it_began(world: World) -> None:
    assert refused(world, run_of(world, PLAN, "R-same")) == ""
    assert refused(world, run_of(world, replace(PLAN, ridge=0.5), "R-same")) == "run.changed"
    assert refused(world, run_of(world, PLAN, "R-same")) == ""


def test_a_run_that_asks_more_often_than_its_rounds_explain_is_refused(world: World) -> None:
    short = replace(PLAN, rounds=1)
    told = [refused(world, run_of(world, short, "R-often")) for _ in range(13)]
    assert told == [""] * 12 + ["run.rate"]


def test_a_site_that_demands_noise_gives_no_exact_sums(world: World) -> None:
    services = world.sites[HOSPITALS[0]]
    strict = replace(services.guard, limits=replace(services.guard.limits, epsilon_training=1.0))
    assert strict.handle(run_of(world, PLAN, "R-strict")).refused == "policy.noise"
    assert strict.handle(noisy(world, "R-strict-noisy")).refused == ""
    greedy = replace(NOISY, privacy=TrainingPrivacy(epsilon=2.0))
    sent = replace(noisy(world, "R-greedy"), document=message(world, plan=to_json(greedy)).document)
    assert strict.handle(sent).refused == "policy.noise"


def test_noise_is_paid_for_and_the_same_question_is_answered_the_same_at_no_cost(world: World) -> None:
    guard, before = world.sites[HOSPITALS[0]].guard, spent(world)
    first, again = guard.handle(noisy(world, "R-n")), guard.handle(noisy(world, "R-n"))
    assert first.refused == again.refused == ""
    assert spent(world) == before + 1
    np.testing.assert_array_equal(first.arrays["gradient"], again.arrays["gradient"])
    assert first.document["units"] == again.document["units"]
    other = guard.handle(noisy(world, "R-n", weights=0.1))
    assert spent(world) == before + 2
    assert not np.array_equal(first.arrays["gradient"], other.arrays["gradient"])
    assert "n" not in other.document, "how many there are is told with noise, and nothing else is told"


class Broken:
    """An engine whose worker dies."""

    def step(self, *_: object) -> object:
        raise NoAnswer()

    def close(self, session: str) -> None:
        """Nothing is held."""


def test_what_breaks_after_the_charge_counts_as_spent(world: World) -> None:
    guard, before = world.sites[HOSPITALS[0]].guard, spent(world)
    broken = replace(guard, engine=Broken())  # type: ignore[arg-type]
    reply = broken.handle(noisy(world, "R-broken"))
    assert (reply.refused, spent(world)) == ("source.no-answer", before + 1)
    reserved = [state for _, state in guard.answering.ledger.charges()][-1]
    assert reserved == "reserved", "neither committed nor given back"


def test_the_answer_is_signed_by_the_key_that_the_site_joined_with(world: World) -> None:
    guard, sent = world.sites[HOSPITALS[0]].guard, run_of(world, PLAN, "R-signed")
    reply = guard.handle(sent)
    assert stands(sent, reply, guard.key.hex())
    assert not stands(sent, reply, world.sites[HOSPITALS[1]].guard.key.hex())


def test_an_expired_permit_and_a_clock_off_by_years_are_refused(world: World) -> None:
    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(days=3 * 365)

    guard = world.sites[HOSPITALS[0]].guard
    late = replace(guard, enforcement=replace(guard.enforcement, clock=Later()))
    assert guard.handle(run_of(world, PLAN, "R-late")).refused == ""
    reply = late.handle(run_of(world, PLAN, "R-late"))
    assert reply.refused == "policy.forbidden"
    assert "expired" in reply.reason


def test_a_clock_that_is_a_day_off_ends_no_permit_early_and_begins_none_before_its_time(world: World) -> None:
    class Off:
        def __init__(self, days: int) -> None:
            self.days = days

        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(days=self.days)

    guard = world.sites[HOSPITALS[0]].guard
    slow = replace(guard, enforcement=replace(guard.enforcement, clock=Off(-1)))
    reply = slow.handle(run_of(world, PLAN, "R-slow-clock"))
    assert reply.refused == "policy.forbidden", "the permit was granted today: here it does not hold yet"
    fast = replace(guard, enforcement=replace(guard.enforcement, clock=Off(1)))
    assert fast.handle(run_of(world, PLAN, "R-fast-clock")).refused == ""


def test_a_permit_that_needs_a_countersignature_waits_for_it(world: World) -> None:
    services = world.sites[HOSPITALS[0]]
    by_hand = replace(services.guard, limits=SiteLimits(acceptance=Acceptance.BY_HAND))
    assert by_hand.handle(message(world)).refused == "permit.not-accepted"
    signed = world.hub.permitting.permits.permit(world.permit)
    assert signed is not None
    services.will.accept(world.permit, document_digest("another permit of the same number"))
    assert by_hand.handle(message(world)).refused == "permit.not-accepted"
    services.will.accept(world.permit, document_digest(signed.jws))
    assert by_hand.handle(message(world)).refused == ""


def test_the_kill_switch_stops_every_answer_at_once(world: World) -> None:
    services = world.sites[HOSPITALS[1]]
    services.will.stop()
    assert services.guard.handle(message(world)).refused == "site.stopped"
    services.will.resume()
    assert services.guard.handle(message(world)).refused == ""


def test_a_refusal_tells_no_value_and_no_text_of_an_exception(world: World) -> None:
    reply = world.sites[HOSPITALS[0]].guard.handle(message(world, plan={"no": "plan", "secret": 59}))
    assert "59" not in reply.reason
    assert reply.reason == "No answer from this site."


def test_yy_a_schema_that_drifted_at_one_site_is_refused_there(world: World, tmp_path: Path) -> None:
    """Last but one by its name: the third hospital has another shape after it."""
    services = world.sites[HOSPITALS[2]]
    path = stays(tmp_path / "again.csv", 1)
    table = pacsv.read_csv(path)
    pacsv.write_csv(table.drop_columns(["white"]), path)
    said = Registration("medpar", publish=True, accept_drift=True)
    services.depositing.register(services.steward, path, said)
    reply = services.guard.handle(run_of(world, PLAN, "R-drifted"))
    assert reply.refused in ("data.unsupported", "policy.forbidden"), reply
    assert world.sites[HOSPITALS[0]].guard.handle(run_of(world, PLAN, "R-drifted")).refused == ""


def test_zz_after_revocation_question_and_round_are_refused(world: World) -> None:
    """Last by its name: the permit is gone after it."""
    world.hub.permitting.revoke(STEWARD, world.permit, "the end of the test")
    with pytest.raises(AccessDenied):
        ask(world, "select count(*) as n from medpar_extract")
    assert refused(world, training(world, PLAN)) == "permit.revoked"
    with pytest.raises((AccessDenied, SiteUnavailable)):
        world.hub.running.train(ANA, PLAN, world.permit)
    assert world.hub.auditing.verify().size == world.hub.log.size()
    for services in world.sites.values():
        assert services.auditing.verify().size > 0
