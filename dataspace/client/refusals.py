"""A decision in words: which rule, which fact is missing, who can change it, and the nearest thing that would pass."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataspace.client.tables import Grid, escaped, printable
from dataspace.errors import AccessDenied
from dataspace.model.decisions import Allow, Decision, Deny, Reason
from dataspace.model.policies import Obligations, Operand


class Refused(AccessDenied):
    """What a hub's refusal becomes here: the decision is inside, and the text says what to do next."""

    def __init__(self, name: str, decision: Deny) -> None:
        super().__init__(name, decision)
        self.text = denial_text(name, decision)

    def __str__(self) -> str:
        return self.text

    def request_access(self) -> str:
        """The line to type to apply for what was refused."""
        return application_line(self.name)


class Explanation:
    """What a hub would decide about a question, told without reading data."""

    __slots__ = ("decisions", "kind")

    def __init__(self, kind: str, decisions: Mapping[str, Decision]) -> None:
        self.kind = kind
        self.decisions = dict(decisions)

    @property
    def allowed(self) -> bool:
        """Whether every dataset that the question touches would be given."""
        return bool(self.decisions) and all(isinstance(d, Allow) for d in self.decisions.values())

    def __repr__(self) -> str:
        parts = []
        for name, decision in self.decisions.items():
            match decision:
                case Deny():
                    parts.append(denial_text(name, decision))
                case Allow(obligations, reasons):
                    parts.append(allowance_text(name, self.kind, obligations, reasons))
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        return f"<pre>{'<br>'.join(escaped(line) for line in repr(self).splitlines())}</pre>"


def application_line(name: str) -> str:
    """How to apply for a dataset."""
    return f'hub.apply("{printable(name)}", purpose="…")'


def denial_text(name: str, decision: Deny) -> str:
    """Several lines, the decisive rule first."""
    told = [reason for reason in decision.reasons if reason.sentence]
    if not told:
        lines = [f"Refused: no policy permits this for '{printable(name)}' [default]."]
    else:
        lines = [f"Refused: {_sentence(told[0])}", *(f"         {_sentence(reason)}" for reason in told[1:])]
    if table := _constraints(told):
        lines.append(table)
    if decision.missing:
        lines.append(f"Missing: {', '.join(operand.value for operand in decision.missing)}.")
    lines += _who(name, told, decision)
    return "\n".join(lines)


def _sentence(reason: Reason) -> str:
    return f"{printable(reason.sentence).rstrip('.')} [{reason.policy}/{reason.rule}]."


def _constraints(reasons: Sequence[Reason]) -> str:
    rows = {
        (report.operand.value, report.required, report.observed or "unknown")
        for reason in reasons
        for report in reason.constraints
        if report.holds is not True
    }
    return (
        Grid(("  fact", "needed", "found"), tuple(("  " + a, b, c) for a, b, c in sorted(rows))).text()
        if rows
        else ""
    )


def _who(name: str, reasons: Sequence[Reason], decision: Deny) -> list[str]:
    """Whose act would change the outcome, and the nearest thing that would pass."""
    others = sorted({printable(r.who_can_change) for r in reasons if r.who_can_change not in ("", "you")})
    lines = [f"Who can change this: {', '.join(others)}."] if others else []
    if decision.nearest:
        nearest = printable(decision.nearest)
        return [
            *lines,
            nearest if nearest.startswith((YOU, "You hold ")) else f"Nearest that would pass: {nearest}",
        ]
    permit_missing = Operand.PERMIT in decision.missing or any(
        report.operand is Operand.PERMIT and report.holds is not True
        for reason in reasons
        for report in reason.constraints
    )
    if permit_missing or not reasons or any(reason.who_can_change == "you" for reason in reasons):
        lines.append(f"{YOU} {application_line(name)}")
    return lines


YOU = "You can change this:"


def allowance_text(name: str, kind: str, obligations: Obligations, reasons: Sequence[Reason]) -> str:
    """What would be given, and under which conditions."""
    by = ", ".join(f"{reason.policy}/{reason.rule}" for reason in reasons if reason.applies)
    lines = [f"Allowed: {kind} of '{printable(name)}'" + (f" [{by}]." if by else ".")]
    lines += [f"  {word}" for word in conditions(obligations)]
    return "\n".join(lines)


def conditions(obligations: Obligations) -> list[str]:
    """What an allowance demands, a line each."""
    plain: list[tuple[str, Any]] = [
        ("cells from at least {} privacy units", obligations.cohort),
        ("ε at most {:g} a question", obligations.epsilon_question),
        ("ε at most {:g} in all", obligations.epsilon_total),
        ("at most {:,} rows", obligations.maximum_rows),
        ("at least {} sites", obligations.minimum_sites),
        ("until {:%Y-%m-%d}", obligations.expires),
    ]
    lines = [text.format(value) for text, value in plain if value is not None]
    if obligations.row_filter is not None:
        lines.insert(0, "rows are filtered")
    if obligations.masks:
        lines.append(
            "masked: " + ", ".join(f"{c} ({m.kind.value})" for c, m in sorted(obligations.masks.items()))
        )
    if obligations.withheld:
        lines.append("withheld: " + ", ".join(sorted(obligations.withheld)))
    if obligations.attribution:
        lines.append(f"cite as: {printable(obligations.attribution)}")
    return lines
