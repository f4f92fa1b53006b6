"""The status of a dataset's impact assessment, read off what its steward wrote down."""

from collections.abc import Mapping

from dataspace.model.datasets import Dataset
from dataspace.model.policies import Operand
from dataspace.model.principals import Fact
from dataspace.vocabulary.terms import find, is_a

_SAID = "the dataset's record"


def impact_facts(dataset: Dataset) -> Mapping[Operand, Fact]:
    """The `dpia` fact: `not required: why`, or a reference with its outcome, `DPIA-2026-4: risks mitigated`.

    A reference alone says that there is an assessment and not how it ended: then nothing is known.
    """
    said = dataset.responsibility.dpia.strip()
    if said.casefold().startswith("not required") and said.partition(":")[2].strip():
        return {Operand.DPIA: Fact("gdpr:DPIANotRequired", _SAID)}
    outcome = find(f"DPIA outcome {said.rpartition(':')[2]}") if ":" in said else None
    if outcome is None or not is_a(outcome, "gdpr:DPIAOutcomeStatus"):
        return {}
    return {Operand.DPIA: Fact(outcome.name, _SAID)}
