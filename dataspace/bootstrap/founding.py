"""A hub's home and the people that it knows, without starting the hub."""

from collections.abc import Iterable, Sequence

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.jose import JoseTokens
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.private_files import private_files
from dataspace.adapters.tls import Authority
from dataspace.bootstrap.parts import open_home
from dataspace.errors import SetupError, UnknownName
from dataspace.model.names import HUB, PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.model.records import Record, RecordKind
from dataspace.ports import People
from dataspace.settings import HubSettings

AUTHORITY = "authority"


@private_files()
def init_hub(settings: HubSettings) -> None:
    """Make a hub's home (0700): keys, certificate authority, store, and the first record of its log."""
    if (settings.home / "hub.json").exists():
        raise SetupError(f"There is a hub in '{settings.home}' already.", "Start it, or name another --home.")
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.home.chmod(0o700)
    except OSError as error:
        raise SetupError(
            f"The home '{settings.home}' cannot be made ({error.strerror}).", "Name another with --home."
        ) from error
    if not (settings.home / AUTHORITY / "ca.key").exists():
        Authority.create(settings.home / AUTHORITY)
    clock = UtcClock()
    with open_home(settings.home, clock, settings.name, settings.store_url.reveal()) as store:
        if store.log.size() == 0:
            store.log.append(Record(RecordKind.LOG_OPENED, clock.now(), HUB, None, {"hub": settings.name}))
    settings.write()  # last: a home without this file is not a hub yet


@private_files()
def add_person(settings: HubSettings, id: str, name: str, roles: Iterable[Role], organisation: str) -> None:
    """Let a token be made for a person; who is known already gets these roles instead."""
    with open_home(settings.home, UtcClock(), settings.name, settings.store_url.reveal()) as store:
        store.people.put(Principal(PrincipalId(id), name, frozenset(roles), organisation, settings.name))


def people_of(settings: HubSettings) -> Sequence[Principal]:
    """Everybody that a hub knows, sites excepted."""
    with open_home(settings.home, UtcClock(), settings.name, settings.store_url.reveal()) as store:
        return store.people.all()


def known_person(people: People, id: str) -> Principal:
    """Who that is. Raises UnknownName, for whoever owns the home: it names everybody."""
    found = people.get(PrincipalId(id))
    if found is None:
        known = tuple(person.id for person in people.all())
        raise UnknownName("person", id, known, "`dataspace hub add-person` adds one.")
    return found


def sign_out(settings: HubSettings, person: str) -> None:
    """End all sign-ins of a person: no token of theirs is renewed. Raises UnknownName."""
    with open_home(settings.home, UtcClock(), settings.name, settings.store_url.reveal()) as store:
        store.people.sign_out(known_person(store.people, person).id, UtcClock().now())


def issue_token(settings: HubSettings, person: str, seconds: float | None = None) -> str:
    """A token in a person's name, for whoever owns the home. Raises UnknownName."""
    with open_home(settings.home, UtcClock(), settings.name, settings.store_url.reveal()) as store:
        found = known_person(store.people, person)
    signer = FileSigner(settings.home, "issuer")
    tokens = JoseTokens(signer, settings.name, settings.name, UtcClock())
    return tokens.issue(found, settings.token_seconds if seconds is None else seconds)
