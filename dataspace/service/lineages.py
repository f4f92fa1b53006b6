"""What may follow in a lineage: which rows may become its next version, and which may not."""

from dataspace.errors import Conflict
from dataspace.model.curation import Standing
from dataspace.model.datasets import Dataset, Version
from dataspace.service.preparing import Origin


def previous_of(lineage: Dataset | None, sealed: Version) -> str:
    """SHA-256 of the version that was the latest before; empty for the first, and where it is the same."""
    before = lineage.latest.sha256 if lineage and lineage.latest else ""
    return "" if before == sealed.ref.sha256 else before


def refuse_closed(lineage: Dataset | None, sealed: Version) -> None:
    """Rows that were withdrawn or erased do not come back under the name; raises Conflict."""
    chapter = lineage.chapter(sealed.ref.sha256) if lineage else None
    if chapter is not None and chapter.standing in (Standing.WITHDRAWN, Standing.ERASED):
        raise Conflict(
            f"This is version {chapter.number} of '{sealed.ref.dataset}', which was {chapter.standing.value}.",
            "The same rows cannot come back; register corrected ones.",
        )


def refuse_elsewhere(lineage: Dataset | None, origin: Origin) -> None:
    """A name whose rows lie elsewhere is not filled with rows here, nor the other way round."""
    if lineage is None or lineage.in_place == origin.in_place:
        return
    if lineage.federated:
        raise Conflict(
            f"The rows of '{lineage.name}' lie at the sites.",
            "A site adds them with `dataspace site data add`; for rows here choose another name.",
        )
    if lineage.in_place and not origin.earlier:
        raise Conflict(
            f"The rows of '{lineage.name}' stay in their source.",
            "Register it again with --in-place, or choose another name.",
        )
    if origin.in_place and lineage.latest is not None:
        raise Conflict(
            f"The hub holds the rows of '{lineage.name}' itself.",
            "For rows that stay away choose another name.",
        )
