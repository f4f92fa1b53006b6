"""A decision in words: which rule, which fact is missing, who can change it, and the nearest thing that would pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataspace.client.opening import OpenApplication
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

    def opens(self, apply: Callable[..., Any], purpose: str, kind: str | None) -> None:
        """The hub that an application would go to, and what the question said already."""
        self._apply, self._purpose, self._kind = apply, purpose, kind

    _apply: Callable[..., Any] | None = None
    _purpose = ""
    _kind: str | None = None

    def request_access(self) -> OpenApplication:
        """An application for what was refused, with what is known filled in: `.fill(…)`, `.submit(…)`."""
        said: dict[str, Any] = {"datasets": self.name}
        if self._purpose:
            said["purpose"] = self._purpose
        if self._kind:
            said["kinds"] = [self._kind]
        missing = tuple(operand.value for operand in self.decision.missing)
        return OpenApplication(said, missing, self._apply)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a noisy answer would cost; and of each measure half the width of its 95 % interval, as expected.

    A measure is missing where its bounds are still to be found. `repeated`: it was asked before, and costs nothing.
    """

    epsilon: float
    delta: float
    errors: Mapping[str, float]
    repeated: bool = False

    def __str__(self) -> str:
        cost = f"ε {self.epsilon:g}" + (f", δ {self.delta:g}" if self.delta else "")
        errors = ", ".join(f"{printable(name)} ± {half:.4g}" for name, half in self.errors.items())
        asked = "asked before, nothing is spent" if self.repeated else f"costs {cost}"
        return f"{asked}; expected: {errors}" if errors else asked


class Explanation:
    """What a hub would decide about a question, told without reading data; of a noisy one with cost and errors."""

    __slots__ = ("decisions", "expected", "kind")

    def __init__(
        self, kind: str, decisions: Mapping[str, Decision], expected: Expected | None = None
    ) -> None:
        self.kind = kind
        self.decisions = dict(decisions)
        self.expected = expected

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
        return "\n".join(parts if self.expected is None else [*parts, str(self.expected)])

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
    if obligations.sites is not None:
        lines.append(f"computed only at: {', '.join(sorted(obligations.sites)) or 'no site'}")
    if obligations.restate_purpose:
        lines.append("the purpose restated with each question")
    return lines + _afterwards(obligations)


def _afterwards(obligations: Obligations) -> list[str]:
    """What is owed once an answer was given: no machine sees to it, so whoever has the answer is told."""
    lines = []
    if obligations.attribution:
        lines.append(f"cite as: {printable(obligations.attribution)}")
    if obligations.retention_days is not None:
        lines.append(f"kept for at most {obligations.retention_days} days")
    if obligations.no_onward_sharing:
        lines.append("not handed on")
    return lines + [printable(duty) for duty in sorted(obligations.duties)]
