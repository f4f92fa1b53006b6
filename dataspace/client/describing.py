"""Catalogue records from a notebook: read them in any form, see what they lack, fill them in, publish them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataspace.client.tables import Grid, escaped, printable
from dataspace.client.views import DatasetView
from dataspace.client.wire import Wire
from dataspace.errors import InvalidRequest
from dataspace.model.codec import from_json
from dataspace.model.datasets import Dataset
from dataspace.model.descriptions import Completeness, Missing

_MEDIA = {"turtle": "text/turtle", "json-ld": "application/ld+json", "n-triples": "application/n-triples"}
_ENDINGS = {".ttl": "turtle", ".jsonld": "json-ld", ".json": "json-ld", ".nt": "n-triples"}
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class CompletenessView:
    """What a record lacks, line by line: what, why it is asked for, and what to type."""

    noun: Completeness

    @property
    def publishable(self) -> bool:
        """Nothing that is required is missing."""
        return self.noun.publishable

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What is required and missing."""
        return self.noun.missing

    @property
    def recommended(self) -> tuple[Missing, ...]:
        """What is recommended and missing."""
        return self.noun.recommended

    def __repr__(self) -> str:
        lines = [self._head()]
        for missing in self.noun.missing:
            lines += [f"  {printable(missing.text)}", f"      {missing.clause}", f"      {missing.command}"]
        if self.noun.recommended:
            names = ", ".join(missing.field for missing in self.noun.recommended)
            lines.append(f"  recommended: {names}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = tuple((m.text, m.clause, m.command) for m in self.noun.missing)
        table = Grid(("needs you", "asked for by", "type"), rows).html() if rows else ""
        return f"<p>{escaped(self._head())}</p>{table}"

    def _head(self) -> str:
        noun = self.noun
        access = noun.access.value if noun.access else "access not stated"
        kind = f"{noun.dataset} · {noun.domain.value} · {access}"
        if noun.publishable:
            return f"{kind}\nComplete: all {noun.asked} required fields are filled in."
        return f"{kind}\n{len({m.field for m in noun.missing})} of {noun.asked} fields need you:"


class Describing:
    """The part of a hub that is about catalogue records."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def describe(self, name: str, media: str = "text/turtle") -> str:
        """One record: `text/turtle`, `application/ld+json`, or `croissant`."""
        if media == "croissant":
            return self._wire.get_text(f"/datasets/{name}/croissant", accept="application/ld+json")
        return self._wire.get_text(f"/datasets/{name}", accept=media)

    def check(self, name: str) -> CompletenessView:
        """What a record lacks before it can be published, why it is asked for, and what to type."""
        return CompletenessView(from_json(Completeness, self._wire.get(f"/datasets/{name}/check")))

    def edit(self, name: str, fields: Mapping[str, str | Sequence[str]]) -> DatasetView:
        """Fill in fields of a record: `{"controller": "Hospital", "keyword": ["stay", "mortality"]}`."""
        body = {"fields": as_lists(fields)}
        return DatasetView(from_json(Dataset, self._wire.patch(f"/datasets/{name}", body)))

    def publish(self, name: str) -> DatasetView:
        """Let others see a record; refused while something required is missing."""
        return DatasetView(from_json(Dataset, self._wire.post(f"/datasets/{name}/publish", {})))

    def bring(self, name: str, record: str | Path, form: str = "", iri: str = "") -> DatasetView:
        """Take in a record from outside as a draft: a file, or its text with its form (`turtle`, `json-ld`)."""
        text = read_record(record) if isinstance(record, Path) else record
        form = form or (_ENDINGS.get(record.suffix.casefold(), "") if isinstance(record, Path) else "")
        if form not in _MEDIA:
            raise InvalidRequest("Which form is the record in?", f"Say form=: {', '.join(_MEDIA)}.")
        query = {"iri": iri} if iri else {}
        made = self._wire.post_text(f"/datasets/{name}/record", text, _MEDIA[form], **query)
        return DatasetView(from_json(Dataset, made))


def as_lists(fields: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
    """Each field with its values, also where only one was given."""
    return {name: [said] if isinstance(said, str) else list(said) for name, said in fields.items()}


def read_record(path: Path) -> str:
    """A record's file of at most 1 MB; raises InvalidRequest that says what is wrong with it."""
    try:
        if path.stat().st_size > LARGEST:
            raise InvalidRequest(f"'{path.name}' is larger than {LARGEST >> 20} MB.", "Is it one record?")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"'{path}' cannot be read ({error.strerror}).", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"'{path.name}' is not text in UTF-8.", "Is it the right file?") from error
