"""Policies from a notebook: publish, review, rehearse, and look back. All but `policies` is for stewards."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataspace.client.replays import ReplayView
from dataspace.client.tables import Grid, printable
from dataspace.client.views import Listing
from dataspace.client.wire import Wire
from dataspace.model.codec import from_json
from dataspace.model.publishing import PolicyVersion, Proposal, Review
from dataspace.model.replays import Replay

YAML = "application/yaml"
_SHORT = 12


@dataclass(frozen=True, slots=True, repr=False)
class ReviewView:
    """A proposal as its second steward reads it."""

    noun: Review

    @property
    def digest(self) -> str:
        """What `approve_policy` wants: it names this text and no other."""
        return self.noun.proposal.digest

    def __repr__(self) -> str:
        proposal = self.noun.proposal
        act = "would change" if proposal.text else "would take out of force"
        lines = [printable(line) for line in self.noun.difference.splitlines()]
        head = f"{proposal.by} {act} {proposal.policy} · {proposal.at:%d %b %H:%M} · digest {self.digest[:_SHORT]}"
        return "\n".join([head, *lines, repr(ReplayView(self.noun.replay))])


class Policymaking:
    """The part of a hub that is about policies."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def publish_policy(self, text: str, digest: str = "") -> str:
        """Put a policy (YAML) in force, or propose it where two stewards have to agree; its name.

        `digest` is that of the text as it was reviewed or rehearsed: another text is refused.
        """
        return str(self._wire.post_text("/policies", text, YAML, digest=digest)["id"])

    def withdraw_policy(self, id: str) -> bool:
        """Take a policy out of force: what it alone permitted is denied from now on. False while that waits for a
        second steward."""
        return not self._wire.post(f"/policies/{id}/withdraw", {})["waits"]

    def policies(self) -> list[Mapping[str, Any]]:
        """Policies in force, as JSON."""
        return list(self._wire.get("/policies"))

    def rehearse_policy(self, text: str, since: str = "30d") -> ReplayView:
        """What a policy would have changed among the recorded requests: who gains, who loses, whose limits differ.

        `since` is a period such as 30d, 12h or 4w. Nothing is put in force.
        """
        said = self._wire.post_text("/policies/rehearse", text, YAML, since=since)
        return ReplayView(from_json(Replay, said))

    def policy_history(self, id: str) -> Listing[PolicyVersion]:
        """Every version of a policy, oldest first: who published which text when."""
        found = [from_json(PolicyVersion, item) for item in self._wire.get(f"/policies/{id}/history")]
        rows = tuple(
            (
                str(one.number),
                one.digest[:_SHORT],
                f"{one.published:%Y-%m-%d %H:%M}" if one.published else "not recorded",
                " and ".join(str(name) for name in (one.by, one.approved_by) if name),
                "in force" if one.in_force else "",
            )
            for one in found
        )
        return Listing(found, Grid(("version", "digest", "published", "by", ""), rows, (True, *[False] * 4)))

    def policy_text(self, id: str, version: int) -> str:
        """One version of a policy as it was written."""
        return self._wire.get_text(f"/policies/{id}/versions/{version}", YAML)

    def policy_difference(self, id: str, old: int = 0, new: int = 0) -> str:
        """Two versions line by line; left out: the last two."""
        return self._wire.get_text(f"/policies/{id}/difference?old={int(old)}&new={int(new)}")

    def use_conditions(self, dataset: str, codes: Sequence[str]) -> str:
        """Put in force what the DUO codes of a dataset come to (`DUO:0000015`, `GS=DE,FR`); the policy's name, empty
        where they restrict nothing."""
        return str(self._wire.post("/policies/duo", {"dataset": dataset, "codes": list(codes)})["policy"])

    def proposed_policies(self) -> Listing[Proposal]:
        """What waits for a second steward."""
        found = [from_json(Proposal, item) for item in self._wire.get("/policies/proposals")]
        rows = tuple(
            (
                p.policy,
                p.digest[:_SHORT],
                p.by,
                f"{p.at:%Y-%m-%d %H:%M}",
                "change" if p.text else "withdrawal",
            )
            for p in found
        )
        return Listing(found, Grid(("policy", "digest", "by", "since", "what"), rows))

    def review_policy(self, id: str, since: str = "30d") -> ReviewView:
        """A proposal: how it differs from what is in force, and what it would have changed."""
        return ReviewView(from_json(Review, self._wire.get(f"/policies/{id}/review", since=since)))

    def approve_policy(self, id: str, digest: str) -> bool:
        """The second yes, to the text with that digest. True where it is in force now, False where it was a
        withdrawal. Never for whoever proposed it."""
        return self._wire.post(f"/policies/{id}/approve", {"digest": digest})["published"] is not None

    def decline_policy(self, id: str, reason: str = "") -> None:
        """Take a proposal away, with the reason."""
        self._wire.post(f"/policies/{id}/decline", {"reason": reason})


def digest_of(text: str) -> str:
    """SHA-256, in hex, of a policy's text: what `publish_policy` and `approve_policy` compare."""
    return hashlib.sha256(text.encode()).hexdigest()
