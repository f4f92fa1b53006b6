"""The data use conditions of a dataset: its DUO codes become a policy before its rows become a version."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.names import DatasetName, PolicyId, dataset_name
from dataspace.model.principals import Principal, Role
from dataspace.policy.duo import DuoUse, duo_policy, policy_name, uses_of
from dataspace.service.permitting import require
from dataspace.service.publishing import Publishing
from dataspace.service.registration import Registration

_MARK = "DUO:"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is said once stays until other codes are said: a new version is under the conditions of the last one."""

    publishing: Publishing

    def declared(self, steward: Principal, said: Registration) -> Registration:
        """Put the policy of these codes in force; the registration with the codes among its keywords.

        Raises UnknownName or InvalidRequest for a code that is none, before anything changes, and Conflict where a
        second steward has to agree that fewer or other codes hold.
        """
        if not said.duo:
            return said
        self.put(steward, said.name, said.duo)
        known = self.publishing.catalog.get(DatasetName(said.name))
        kept = said.keywords or (known.keywords if known else ())
        plain = tuple(word for word in kept if not word.startswith(_MARK))
        codes = (use.term.code for use in self._uses(said.duo))
        return replace(said, duo=(), keywords=(*plain, *codes))

    def put(self, steward: Principal, dataset: str, codes: Sequence[str]) -> str:
        """Put the policy of these codes in force, in place of the codes that held; its name, empty where they restrict
        nothing. Raises as `declared` does."""
        require(steward, Role.STEWARD)
        try:
            dataset_name(dataset)
        except ValueError as error:
            raise InvalidRequest(f"'{dataset[:60]}' names no dataset: {error}.", "Check the name.") from error
        text, name = duo_policy(dataset, self._uses(codes)), policy_name(dataset)
        if not text:
            if self.publishing.text_in_force(PolicyId(name)) and not self.publishing.withdraw(steward, name):
                raise _waits(dataset, name)
            return ""
        if self.publishing.codes(steward, text).waits:
            raise _waits(dataset, name)
        return name

    def _uses(self, codes: Sequence[str]) -> tuple[DuoUse, ...]:
        return uses_of(codes, self.publishing.enforcement.clock.now().date())


def _waits(dataset: str, name: str) -> Conflict:
    return Conflict(
        f"Other DUO codes for '{dataset}' need a second steward.",
        f"`dataspace policy review {name}` shows what waits; say the codes again once it is approved.",
    )
