"""What happens to applications and permits, from a notebook: review, answer, suspend, extend, close; and the inbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dataspace.client.papers import paper
from dataspace.client.tables import Grid
from dataspace.client.views import ApplicationView, Listing, PermitView
from dataspace.client.wire import Wire
from dataspace.errors import InvalidRequest
from dataspace.model.codec import from_json, to_json
from dataspace.model.permits import Act, Application, Call, Deputy, Permit, SignedPermit, Waiting
from dataspace.model.policies import Obligations

ApplicationLike = str | ApplicationView
PermitLike = str | PermitView


@dataclass(frozen=True, slots=True, repr=False)
class CallView:
    """One open call."""

    noun: Call

    @property
    def id(self) -> str:
        """`C-1`."""
        return self.noun.id

    def __repr__(self) -> str:
        c = self.noun
        return (
            f"{c.id} “{c.title}” · {', '.join(sorted(c.datasets))}: {', '.join(sorted(c.kinds))} · "
            f"{c.track.value}, {c.days} days each · open to {c.until:%Y-%m-%d}"
        )


class Permitting:
    """The part of a hub that is about applications and permits."""

    _wire: Wire

    def permit_key(self) -> str:
        """The key that this hub signs permits with, for checking one offline: Ed25519, base64url (`x` of RFC 8037)."""
        return str(self._wire.get("/.well-known/jwks.json")["keys"][0]["x"])

    def application(self, id: ApplicationLike) -> ApplicationView:
        """One application as it stands now, with what was said about it."""
        return ApplicationView(from_json(Application, self._wire.get(f"/applications/{_id(id)}")))

    def edit_application(self, application: ApplicationLike, **changes: Any) -> ApplicationView:
        """Other contents for a draft of yours, or for what was sent back to you. What is not said stays as it is.

        What may be said is what `apply` takes: `datasets`, `purpose`, `kinds`, `legal_basis`, `ethics`, `title`,
        `columns`, `persons`, … It is not submitted by that.
        """
        body = contents(self.application(application).noun, changes)
        return ApplicationView(
            from_json(Application, self._wire.put(f"/applications/{_id(application)}", body))
        )

    def act(
        self, application: ApplicationLike, act: str, text: str = "", revision: int | None = None
    ) -> ApplicationView:
        """One act of the workflow: submit, withdraw, complete, send-back, ask, answer, support, oppose, prolong,
        comment. From an `ApplicationView`, the act holds for the revision that it shows and no other."""
        if act not in {known.value for known in Act}:
            raise InvalidRequest(f"'{act}' is no act.", f"Say one of {', '.join(Act)}.")
        if revision is None and isinstance(application, ApplicationView):
            revision = application.noun.revision
        body = {"reason": text, "revision": revision}
        said = self._wire.post(f"/applications/{_id(application)}/acts/{act}", body)
        return ApplicationView(from_json(Application, said))

    def inbox(self) -> Listing[Waiting]:
        """What waits for you, until when, and what to type; the most urgent first."""
        found = [from_json(Waiting, document) for document in self._wire.get("/inbox")]
        rows = tuple(
            (
                item.id,
                item.what + (f" (for {item.on_behalf_of})" if item.on_behalf_of else ""),
                (f"{item.until:%Y-%m-%d}" if item.until else "") + (" OVERDUE" if item.overdue else ""),
                item.command,
            )
            for item in found
        )
        return Listing(found, Grid(("", "what waits", "until", "type"), rows))

    def deputies(self) -> Listing[Deputy]:
        """Who stands in for you now, and for whom you do."""
        found = [from_json(Deputy, document) for document in self._wire.get("/deputies")]
        rows = tuple((d.of, d.deputy, f"{d.until:%Y-%m-%d}") for d in found)
        return Listing(found, Grid(("of", "deputy", "until"), rows))

    def name_deputy(self, person: str, until: datetime | None) -> None:
        """Let a person look after your inbox until a day; None ends it. They act in their own name and role."""
        self._wire.post("/deputies", {"deputy": person, "until": to_json(until) if until else None})

    def calls(self) -> Listing[CallView]:
        """Open calls: an application that fits one is granted at once."""
        found = [CallView(from_json(Call, document)) for document in self._wire.get("/calls")]
        rows = tuple((c.id, c.noun.title, c.noun.track.value, f"{c.noun.until:%Y-%m-%d}") for c in found)
        return Listing(found, Grid(("", "title", "track", "open to"), rows))

    def open_call(
        self,
        title: str,
        datasets: Sequence[str],
        purposes: Sequence[str],
        kinds: Sequence[str],
        track: str,
        until: datetime,
        conditions: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> CallView:
        """Approve a template beforehand. More that may be said: `days`, `permits`, `organisations`."""
        body = {
            "title": title,
            "datasets": list(datasets),
            "purposes": list(purposes),
            "kinds": list(kinds),
            "track": track,
            "until": to_json(until),
            "conditions": to_json(Obligations(**(conditions or {}))),
            **{name: list(v) if isinstance(v, (tuple, frozenset, set)) else v for name, v in more.items()},
        }
        return CallView(from_json(Call, self._wire.post("/calls", body)))

    def opt_out(self, dataset: str, persons: Sequence[str], at_once: bool = False) -> str:
        """Leave persons out of what is approved later; `at_once` for an objection: out of everything, now. Steward.

        Persons are named by their value of the privacy unit. Gives the digest of the list.
        """
        body = {"persons": list(persons), "at_once": at_once}
        return str(self._wire.post(f"/datasets/{dataset}/opt-out", body)["list"])

    def suspend(self, permit: PermitLike, reason: str) -> PermitView:
        """Let a permit rest: as fast as a revocation, and it can be resumed."""
        return self._permit_act(permit, "suspend", {"reason": reason})

    def resume(self, permit: PermitLike, reason: str) -> PermitView:
        """End a suspension."""
        return self._permit_act(permit, "resume", {"reason": reason})

    def close_permit(self, permit: PermitLike, results: str, deleted: bool) -> PermitView:
        """Close a permit of yours: where the results are, and that what you held is deleted."""
        return self._permit_act(permit, "close", {"results": results, "deleted": deleted})

    def extend(self, permit: PermitLike, expires: datetime, reason: str = "") -> PermitView:
        """A later last day, once. The new document replaces the one before; sites countersign it anew."""
        body = {"expires": to_json(expires), "reason": reason}
        return self._reissued(permit, "extend", body)

    def amend(self, permit: PermitLike, reason: str = "", **conditions: Any) -> PermitView:
        """Tighten the conditions of a permit: `cohort`, `epsilon_total`, `withheld`, …"""
        body = {"conditions": to_json(Obligations(**conditions)), "reason": reason}
        return self._reissued(permit, "amend", body)

    def verify_permit(self, jws: str) -> PermitView:
        """Check a signed document at the hub; one that does not hold is recorded there with the reason."""
        return PermitView(from_json(Permit, self._wire.post("/permits/verify", {"jws": jws})), jws)

    def paper(self, permit: PermitLike, html: bool = False) -> str:
        """The document that people sign on paper, as text or as one page of HTML."""
        signed = from_json(SignedPermit, self._wire.get(f"/permits/{_permit(permit)}"))
        return paper(signed, html)

    def _permit_act(self, permit: PermitLike, act: str, body: Mapping[str, Any]) -> PermitView:
        noun = from_json(Permit, self._wire.post(f"/permits/{_permit(permit)}/{act}", dict(body)))
        return PermitView(noun, "")

    def _reissued(self, permit: PermitLike, act: str, body: Mapping[str, Any]) -> PermitView:
        signed = from_json(SignedPermit, self._wire.post(f"/permits/{_permit(permit)}/{act}", dict(body)))
        return PermitView(signed.permit, signed.jws)


def _id(application: ApplicationLike) -> str:
    return application.id if isinstance(application, ApplicationView) else application


def _permit(permit: PermitLike) -> str:
    return permit.id if isinstance(permit, PermitView) else permit


def contents(known: Application, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What an application asks for, with changes, in the form in which it is asked."""
    said = dict(changes)
    several = {"datasets": known.datasets, "purpose": known.purposes, "kinds": sorted(known.kinds)}
    found = {name: said.pop(name, was) for name, was in several.items()}
    lists = {name: [one] if isinstance(one, str) else list(one) for name, one in found.items()}
    details = {name: to_json(getattr(known, name)) for name in _DETAILS}
    return {
        "datasets": lists["datasets"],
        "purposes": lists["purpose"],
        "kinds": lists["kinds"],
        "legal_basis": list(said.pop("legal_basis", known.legal_basis)),
        "ethics_vote": said.pop("ethics", known.ethics_vote),
        "title": said.pop("title", known.title),
        "details": {**details, **{name: as_json(value) for name, value in said.items()}},
    }


_DETAILS = (
    "basis",
    "persons",
    "columns",
    "versions",
    "sites",
    "safeguards",
    "track",
    "data_request",
    "call",
    "project",
    "disease",
)
"""What an application says beyond datasets, purposes and kinds of answer."""


def as_json(value: Any) -> Any:
    """What a person may write for a part of an application, as JSON: sets and tuples as lists, at any depth."""
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value
