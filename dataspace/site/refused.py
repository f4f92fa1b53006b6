"""A refusal of the guard: a code and one sentence, which travel, and nothing else."""

from collections.abc import Mapping

from dataspace.errors import BudgetExceeded, RequestError
from dataspace.model.names import DatasetName
from dataspace.model.runs import SiteMessage


class Refused(RequestError):
    """The guard refuses; `refusal` travels, the sentence too."""

    def __init__(self, code: str, sentence: str, hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.refusal = code


def over_budget(short: BudgetExceeded, dataset: str) -> str:
    """What is left of the reader's own part here, and who can add to it. Of a lineage's only that it is too little:
    what others have spent is not the reader's business."""
    if short.limited_by == "lineage":
        return (
            f"This would cost ε {short.asked:g}, which does not fit in what may ever be spent on '{dataset}' here. "
            "Nobody can raise that."
        )
    option = {"project": "--project", "principal": "--principal"}.get(short.limited_by, "--permit")
    return (
        f"This would cost ε {short.asked:g}, and {short.left:g} of the {short.limited_by}'s budget is left here. Ask "
        f"for less, or ask this site's people, who can add to it with a reason: `dataspace site top-up {dataset} "
        f'{option} … --epsilon … --reason "…"`.'
    )


def dataset_of(message: SiteMessage) -> DatasetName | None:
    """Which dataset a message says that it is about."""
    plan = message.document.get("plan")
    name = plan.get("dataset") if isinstance(plan, Mapping) else None
    return DatasetName(name) if isinstance(name, str) else None
