"""What a site's IT wants to know when something does not work: each check a line, each problem with its fix."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from dataspace.settings import SiteSettings
from dataspace.site.doctor_line import examine_line
from dataspace.site.doctor_machine import examine_machine
from dataspace.site.findings import Finding as Finding
from dataspace.site.findings import Verdict as Verdict
from dataspace.site.findings import fail, warn
from dataspace.site.will import FileWill

HTTPS = 443


def examine(settings: SiteSettings) -> Iterator[Finding]:
    """Check machine, kill switch, and both lines to the hub. Changes nothing, raises nothing."""
    yield from examine_machine(settings.home)
    if FileWill(settings.home).stopped():
        yield warn("stopped", "the kill switch is on: nothing is answered.", "`dataspace site run --resume`")
    pinned = settings.pinned
    yield from _hub(pinned.hub, pinned.hub_ca)
    host, _, port = pinned.superlink.rpartition(":")
    if not host or not port.isdigit():
        yield fail("runs", f"runs: '{pinned.superlink}' is no address.", "join again with a new invitation")
        return
    yield from examine_line("runs", host.strip("[]"), int(port), pinned.superlink_ca, hub=False)


def examine_before(home: Path, hub: str, ca_pem: str) -> Iterator[Finding]:
    """The same before a site has joined: the machine, and the line to a hub of that address."""
    yield from examine_machine(home)
    yield from _hub(hub if "://" in hub else f"https://{hub}", ca_pem)


def _hub(url: str, ca_pem: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    try:
        port = parts.port or HTTPS
    except ValueError:
        port = 0
    if parts.scheme != "https" or not parts.hostname or not port:
        yield fail("hub", f"hub: '{url}' is no https address.", "ask the hub's steward for a new invitation")
        return
    yield from examine_line("hub", parts.hostname, port, ca_pem, hub=True)
