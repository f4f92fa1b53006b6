"""Mails that say that something waits, and nothing else: no title, no name of a dataset, no person, no secret."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dataspace.model.permits import Application, Permit, Waiting
from dataspace.model.principals import Principal
from dataspace.ports import Mail, People
from dataspace.service.inbox import Inbox

TEXT = """Something waits for you at the hub "{hub}": {id}{until}.

Sign in and look: dataspace inbox

What it is about is not written in mails.
"""

_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]+@[^\s@<>()\[\]\\,;:\"]+")
"""One address and no more: what RFC 5322 gives a meaning of its own (a list, a group, a name) is none."""


@dataclass(frozen=True, slots=True)
class Reminding:
    """Tells people by mail. That a mail does not arrive changes nothing: the inbox has it."""

    hub: str
    inbox: Inbox
    people: People
    mail: Mail

    def changed(self, application: Application) -> None:
        """Tell everybody for whom this application waits now, deputies included."""
        for person, item in self._waiting(lambda id: id == application.id):
            until = f", until {item.until:%d %B %Y}" if item.until else ""
            body = TEXT.format(hub=self.hub, id=item.id, until=until)
            self.mail.send(address_of(person), f"{self.hub}: {item.id} waits for you", body)

    def ending(self, permit: Permit) -> None:
        """Tell the named persons of a permit that it ends soon, and on which day."""
        body = TEXT.format(hub=self.hub, id=permit.id, until=f", until {permit.expires:%d %B %Y}")
        for id in sorted(permit.persons):
            person = self.people.get(id)
            if person is not None and (to := address_of(person)):
                self.mail.send(to, f"{self.hub}: {permit.id} ends soon", body)

    def _waiting(self, wanted: Callable[[str], bool]) -> Iterable[tuple[Principal, Waiting]]:
        for person in self.people.all():
            if not address_of(person):
                continue
            for item in self.inbox.of(person):
                if wanted(item.id):
                    yield person, item


def address_of(person: Principal) -> str:
    """Where mail for a person goes: their claim `email`, else their id where that is an address; empty for none."""
    said = person.claims.get("email")
    text = str(said.value) if said is not None else person.id
    return text if text.isprintable() and _ADDRESS.fullmatch(text) else ""
