"""A decision: `Allow` with obligations, or `Deny` with reasons. Never a boolean.

What a decision says of its reasons costs far more than deciding, and most of it is never read. A decision can therefore
be made with a report that is written when it is first read (`later`); in all else it is like any other: frozen,
comparable, picklable, with the same JSON.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Self

from dataspace.model.names import PolicyId, RuleId
from dataspace.model.policies import Effect, Obligations, Operand

_NOT_A_BOOLEAN = (
    "a decision is not a yes or no: match on Allow or Deny, so that obligations of an allowance are carried out, "
    "and the reasons of a denial told"
)


@dataclass(frozen=True, slots=True)
class ConstraintReport:
    """One constraint against what was observed. `holds` is None where that could not be told.

    `who_can_change` says in words whose act would change what is observed.
    """

    operand: Operand
    required: str
    observed: str
    holds: bool | None
    who_can_change: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule and what it did here, with its source inside, so that nothing is matched up later.

    `who_can_change` says whose act would change the outcome: `you`, or the policy's owner.
    """

    policy: PolicyId
    rule: RuleId
    effect: Effect
    applies: bool | None
    """None where it could not be told; an unclear forbid applies, an unclear permit does not."""
    sentence: str
    constraints: tuple[ConstraintReport, ...] = ()
    who_can_change: str = ""


class _Reported:
    """Fields that are filled in when first read, from a report that knows them by name."""

    __slots__ = ("_report",)

    @classmethod
    def later(cls, report: Callable[[str], Any], **known: object) -> Self:
        """A decision with the fields that are known, and a report that gives each other one by its name.

        The report has to be pure: two threads may ask it at the same time.
        """
        self = object.__new__(cls)
        object.__setattr__(self, "_report", report)
        for name, value in known.items():
            object.__setattr__(self, name, value)
        return self

    if not TYPE_CHECKING:  # to a type checker it would make every name a field

        def __getattr__(self, name: str) -> Any:
            """Reached only for what is not set."""
            if name not in type(self).__dataclass_fields__:
                raise AttributeError(f"{type(self).__name__} has no {name!r}")
            value = object.__getattribute__(self, "_report")(name)
            object.__setattr__(self, name, value)
            return value

    def __bool__(self) -> NoReturn:
        raise TypeError(_NOT_A_BOOLEAN)


@dataclass(frozen=True, slots=True)
class Allow(_Reported):
    """Access, under these obligations, because of these rules."""

    obligations: Obligations
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Deny(_Reported):
    """No access, because of these rules; `missing` are facts that were unknown, `nearest` what would pass."""

    reasons: tuple[Reason, ...]
    missing: tuple[Operand, ...] = ()
    nearest: str = ""


Decision = Allow | Deny
