"""Finding data from a notebook: search with facets, and the catalogues that a hub takes in."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataspace.client.tables import Grid, escaped, number, printable
from dataspace.client.views import Listing
from dataspace.client.wire import Wire
from dataspace.model.codec import from_json
from dataspace.model.finding import FacetCount, HarvestReport, Hit, Mark, Peer, Search

_SHOWN = 5
"""Values of each facet that are shown."""


@dataclass(frozen=True, slots=True, repr=False)
class SearchView:
    """One page of hits, ranked, and how many there are of each facet."""

    noun: Search

    @property
    def total(self) -> int:
        """Hits; a lower bound where `exact` is False."""
        return self.noun.total

    @property
    def exact(self) -> bool:
        """Whether there are no more than `total`."""
        return self.noun.exact

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits of this page, the best first."""
        return self.noun.hits

    def facets(self, name: str) -> dict[str, int]:
        """Values of one facet with their counts, the most frequent first."""
        return {count.value: count.count for count in self.noun.facets if count.facet == name}

    def __len__(self) -> int:
        return len(self.noun.hits)

    def __repr__(self) -> str:
        lines = [_total(self.noun)]
        for hit in self.noun.hits:
            where = "" if not hit.entry.origin else f" · from {printable(hit.entry.origin)}"
            name = hit.entry.dataset or hit.entry.iri
            lines.append(f"{printable(name)} · {_marked(hit.entry.title, hit.title_marks)}{where}")
            if hit.excerpt:
                lines.append(f"  {_marked(hit.excerpt, hit.excerpt_marks)}")
        lines += [f"{facet}: {values}" for facet, values in _lines(self.noun.facets, self.noun.exact)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        hits = "".join(
            f"<li><b>{_html(hit.entry.title, hit.title_marks)}</b> "
            f"<code>{escaped(hit.entry.dataset or hit.entry.iri)}</code>"
            f"<br>{_html(hit.excerpt, hit.excerpt_marks)}</li>"
            for hit in self.noun.hits
        )
        facets = "".join(
            f"<li>{facet}: {escaped(values)}</li>"
            for facet, values in _lines(self.noun.facets, self.noun.exact)
        )
        return f"<p>{escaped(_total(self.noun))}</p><ol>{hits}</ol><ul>{facets}</ul>"


@dataclass(frozen=True, slots=True, repr=False)
class HarvestView:
    """What a harvest changed."""

    noun: HarvestReport

    def __repr__(self) -> str:
        noun = self.noun
        return (
            f"{printable(noun.url)}: {number(noun.records)} records · {number(noun.added)} new, "
            f"{number(noun.changed)} changed, {number(noun.gone)} gone\n{printable(noun.outcome)}"
        )


class Searching:
    """The part of a hub that finds."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def search(
        self, text: str = "", facet: str | Sequence[str] = (), page: int = 1, size: int = 20
    ) -> SearchView:
        """Records here and from harvested catalogues, by words and facets such as `format:CSV`."""
        facets = [facet] if isinstance(facet, str) else list(facet)
        found = self._wire.get("/search", text=text, facet=facets, page=page, size=size)
        return SearchView(from_json(Search, found))

    def harvest(
        self, url: str, token: str = "", accept_removals: bool = False, every_hours: float | None = None
    ) -> HarvestView:
        """Take in the records of another catalogue: another hub's `/catalog`, or any DCAT (stewards)."""
        body = {
            "url": url,
            "token": token,
            "accept_removals": accept_removals,
            "every_hours": every_hours,
        }
        return HarvestView(from_json(HarvestReport, self._wire.post("/harvests", body)))

    def forget_harvest(self, url: str) -> str:
        """Take all records of a catalogue out, and harvest it no more (stewards)."""
        gone = self._wire.post("/harvests", {"url": url, "forget": True})["gone"]
        return f"{number(gone)} records are gone."

    def harvests(self) -> Listing[Peer]:
        """The catalogues that are taken in, and how that went last (stewards)."""
        peers = [from_json(Peer, document) for document in self._wire.get("/harvests")]
        rows = tuple(
            (
                peer.url,
                f"{peer.every_seconds / 3600:g} h" if peer.every_seconds else "by hand",
                peer.succeeded.isoformat(timespec="minutes") if peer.succeeded else "never",
                peer.outcome,
            )
            for peer in peers
        )
        return Listing(peers, Grid(("catalogue", "every", "read", ""), rows))


def _total(noun: Search) -> str:
    if not noun.total:
        near = f" Did you mean: {printable(noun.suggestion)}?" if noun.suggestion else ""
        return f"Nothing found.{near}"
    return f"{number(noun.total)}{'' if noun.exact else '+'} found"


def _lines(facets: Sequence[FacetCount], exact: bool) -> list[tuple[str, str]]:
    more = "" if exact else "+"
    by_name: dict[str, list[str]] = {}
    for count in facets:
        by_name.setdefault(count.facet, []).append(f"{printable(count.value)} {number(count.count)}{more}")
    return [(name, " · ".join(values[:_SHOWN])) for name, values in by_name.items()]


def _marked(text: str, marks: Sequence[Mark]) -> str:
    parts, end = [], 0
    for mark in marks:
        parts += [printable(text[end : mark.start]), f"[{printable(text[mark.start : mark.end])}]"]
        end = mark.end
    return "".join((*parts, printable(text[end:])))


def _html(text: str, marks: Sequence[Mark]) -> str:
    parts, end = [], 0
    for mark in marks:
        parts += [escaped(text[end : mark.start]), f"<mark>{escaped(text[mark.start : mark.end])}</mark>"]
        end = mark.end
    return "".join((*parts, escaped(text[end:])))
