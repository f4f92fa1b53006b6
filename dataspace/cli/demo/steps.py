"""The first seven steps of the walk, each a function from the stage to what it found out.

Everything that the steward and the researcher do here goes through the client, as it would from a notebook.
"""

from collections.abc import Mapping
from typing import Any

from rdflib import Graph

from dataspace.adapters.dictionary_yaml import parse_dictionary
from dataspace.adapters.packaged_policies import policy_text
from dataspace.cli.demo.facts import (
    AcrossSites,
    Advice,
    Noisy,
    PermitGranted,
    Policies,
    Refusal,
    Registered,
    Shown,
    Withheld,
)
from dataspace.cli.demo.policies import HUB_POLICIES, dictionary_text
from dataspace.cli.demo.proving import permit_signed_by
from dataspace.cli.demo.record import FIELDS as RECORD
from dataspace.cli.demo.record import MACHINES, STAYS
from dataspace.cli.demo.stage import Stage
from dataspace.cli.demo.stays import DROPPED, HOSPITALS, PLANT
from dataspace.client.answers import Answer
from dataspace.errors import AccessDenied, SetupError
from dataspace.model.datasets import Dataset, Finding
from dataspace.model.policies import Effect

EXTRACT = "medpar_extract"
SQL = f"select type, died, count(*) as stays, avg(los) as mean_los from {EXTRACT} group by type, died"  # noqa: S608
NOISY_SQL = f"select count(*) as deaths from {EXTRACT} where died = 1"  # noqa: S608
EPSILON = 0.25


def register(stage: Stage) -> Registered:
    """Step 1: the extract becomes a described, immutable version; each site registers its own data."""
    steward = stage.steward
    for name in ("medpar", "machines"):
        text = dictionary_text(name)
        stage.dictionaries[name] = parse_dictionary(text, f"{name}.yaml")
        steward.load_dictionary(text)
    made = steward.register(
        stage.world.deposit,
        EXTRACT,
        title="Medicare stays deposited at the hub",
        description="Real: a part of the medpar stays, Arizona 1991. Each row is one stay; there is no patient column.",
        dictionary="medpar",
        drop=DROPPED,
        privacy_unit="row",
        publish=True,
        theme="health",
        keywords=["hospital stay", "mortality", "Medicare"],
        fields=RECORD,
    )
    steward.describe_federated("medpar", "medpar", "Hospital stays, held by the hospitals", STAYS)
    steward.describe_federated(
        "machines", "machines", "Machines of a plant (SYNTHETIC, after AI4I 2020)", MACHINES
    )
    record = steward.describe(EXTRACT)
    stage.waiting("the sites join and register their own data")
    sites = stage.world.set_up_sites(lambda site: _invitation(steward.invite(site, at_once=True)))
    return Registered(
        dataset=EXTRACT,
        title=made.dataset.title,
        rows=made.version.rows,
        columns=len(made.version.columns),
        dropped=DROPPED,
        version=made.version.ref.sha256,
        privacy_unit=made.dataset.privacy_unit or "row",
        findings=tuple(_advice(finding, made.dataset) for finding in made.profile.findings),
        dcat_triples=_statements(record),
        dcat=record,
        sites=tuple(sites),
    )


def load_policies(stage: Stage) -> Policies:
    """Step 2: policies take effect where they decide, at the hub and at each site."""
    at_hub = tuple(stage.steward.publish_policy(policy_text(name)) for name in HUB_POLICIES)
    return Policies({"hub": at_hub, **stage.world.load_site_policies()})


def ask_without_permit(stage: Stage) -> Refusal:
    """Step 3: the refusal says what is missing and whose act would change it."""
    try:
        stage.researcher.sql(SQL, purpose="scientific research")
    except AccessDenied as refused:
        return _refusal(SQL, refused)
    raise SetupError("A question without a permit was answered.", "Check the policies of the hub.")


def be_granted(stage: Stage) -> PermitGranted:
    """Step 4: an application, a decision by somebody else, a signature that anyone can check."""
    application = stage.researcher.apply(
        [EXTRACT, "medpar"],
        purpose=["scientific research", "train AI systems"],
        ethics="24-113",
        kinds=["aggregate", "noisy", "train"],
        legal_basis=["Art. 6(1)(e)", "Art. 9(2)(j)"],
        title="Mortality after emergency admission",
    )
    stage.permit = stage.steward.grant(application)
    own = stage.researcher.permit(stage.permit.id)
    permit, fingerprint = permit_signed_by(stage.world.issuer_key(), own)
    return PermitGranted(
        application=application.id,
        permit=permit.id,
        basis=permit.basis.value,
        purposes=("scientific research", "train AI systems"),
        kinds=tuple(sorted(kind.value for kind in permit.kinds)),
        cohort=permit.obligations.cohort,
        epsilon=permit.obligations.epsilon_total,
        expires=permit.expires,
        signed_by=permit.issued_by,
        verified_with=fingerprint,
    )


def query_extract(stage: Stage) -> Shown:
    """Step 5: rows filtered, columns masked, small cells suppressed, all three said."""
    stage.answer = stage.researcher.sql(SQL, permit=stage.granted())
    return _shown(stage, "step 5: the answer about the extract", SQL, stage.answer)


def count_across_sites(stage: Stage) -> AcrossSites:
    """Step 6: each site decides and suppresses for itself; only cells leave."""
    stage.world.wait_for_sites((*HOSPITALS, PLANT))
    stage.waiting("the hospitals count")
    stays = stage.researcher.count(
        "type = 3",
        by=["site", "died"],
        dataset="medpar",
        permit=stage.granted(),
        purpose="scientific research",
    )
    stage.waiting("the plant counts")
    products = stage.researcher.count(
        "failure = 1", by=["site", "type"], dataset="machines", purpose="predictive maintenance"
    )
    return AcrossSites(
        hospitals=_shown(stage, "step 6: the hospitals", 'count("type = 3", by=["site", "died"])', stays),
        plant=_shown(stage, "step 6: the plant", 'count("failure = 1", by=["site", "type"])', products),
    )


def ask_with_noise(stage: Stage) -> Noisy:
    """Step 7: an answer that does not depend on any one stay, with its price."""
    permit = stage.granted()
    answer = stage.researcher.sql(NOISY_SQL, permit=permit, epsilon=EPSILON)
    stage.receipts["step 7: the noisy answer"] = answer.receipt.document
    row, note = answer.to_pylist()[0], answer.note
    low, high = note.intervals["deaths"]
    return Noisy(
        question=NOISY_SQL,
        value=float(row["deaths"]),
        low=float(row[low]),
        high=float(row[high]),
        epsilon=note.epsilon,
        left=note.left,
        limit=permit.noun.obligations.epsilon_total,
    )


def _refusal(question: str, refused: AccessDenied) -> Refusal:
    told = [reason for reason in refused.decision.reasons if reason.sentence]
    decisive = next((reason for reason in told if reason.effect is Effect.PERMIT), told[0])
    people = dict.fromkeys(reason.who_can_change for reason in told if reason.who_can_change)
    missing = dict.fromkeys(operand.value for operand in refused.decision.missing)
    lacking = {r.operand: None for reason in told for r in reason.constraints if r.holds is not True}
    return Refusal(
        question=question,
        rule=f"{decisive.policy}/{decisive.rule}",
        sentence=decisive.sentence,
        missing=tuple(missing) or tuple(operand.value for operand in lacking),
        who_can_change=", ".join(people),
        nearest=refused.decision.nearest,
    )


def _shown(stage: Stage, name: str, question: str, answer: Answer) -> Shown:
    receipt = answer.receipt
    receipt.verify()
    stage.receipts[name] = receipt.document
    note = answer.note
    return Shown(
        question=question,
        rows=tuple(answer.to_pylist()),
        withheld=tuple(Withheld(cell.row, cell.column) for cell in note.suppressed),
        filtered=note.filtered,
        masked=note.masked,
        rules=note.rules,
        record=receipt.index,
    )


def _advice(finding: Finding, dataset: Dataset) -> Advice:
    """Labels came with the dictionary, and that each row is its own unit was said when it was registered."""
    column = dataset.column(finding.column) if finding.column else None
    labelled = column is not None and finding.suggests in column.labels
    done = labelled or finding.fix == "--unit row"
    return Advice(finding.column or "", finding.text, finding.fix, done)


def _invitation(made: Mapping[str, Any]) -> tuple[str, str]:
    return str(made["secret"]), str(made["expires"])


def _statements(turtle: str) -> int:
    return len(Graph().parse(data=turtle, format="turtle"))
