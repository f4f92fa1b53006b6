"""Which hub a command talks to: one that runs here, one that is opened from its home, or one elsewhere."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from dataspace.errors import SetupError
from dataspace.settings import HUB_FILE, HubSettings, environment, home_of

if TYPE_CHECKING:
    from dataspace.client.hub import Hub

ADDRESS = "address.json"


def reach(home: Path | None, person: str) -> "Hub":
    """A hub of this machine where `home` (or DATASPACE_HOME) is one; else the one at DATASPACE_URL.

    One that runs is asked over its own HTTPS, so that sites and caches are the ones that it has; one that does not run
    is opened from its files. Whoever owns the files is trusted to say who asks.
    """
    from dataspace.connecting import connect, open_hub

    environ = environment()
    if home is None and environ.get("DATASPACE_URL"):
        return connect()
    place = home or home_of(environ, "hub")
    if home is None and not (place / HUB_FILE).exists():
        raise SetupError(
            f"Which hub? There is none in '{place}', and DATASPACE_URL is not set.",
            "Name one: --home FOLDER or DATASPACE_HOME=FOLDER, or DATASPACE_URL and DATASPACE_TOKEN.",
        )
    settings = HubSettings.from_environment(environ, place)
    asker = person or environ.get("DATASPACE_AS", "") or only_person(settings)
    running = address(place)
    if running is None:
        return open_hub(place, asker)
    from dataspace.bootstrap import issue_token

    return connect(running["url"], issue_token(settings, asker), running["ca"])


def address(home: Path) -> dict[str, str] | None:
    """Where the hub of this home can be reached; None where it does not run."""
    from dataspace.site.run import running

    if running(home) is None:
        return None
    try:
        document = json.loads((home / ADDRESS).read_text())
    except (OSError, ValueError):
        return None
    return {name: str(value) for name, value in document.items()}


def only_person(settings: HubSettings) -> str:
    """The one person that a home knows; raises SetupError where there are none or several."""
    from dataspace.bootstrap import people_of

    people = people_of(settings)
    if len(people) == 1:
        return people[0].id
    if not people:
        raise SetupError(
            "This hub knows nobody yet.", "Add somebody: `dataspace hub add-person sam --role steward`."
        )
    raise SetupError(
        "Who asks?",
        f"Say --as, or set DATASPACE_AS; the hub knows {', '.join(person.id for person in people)}.",
    )
