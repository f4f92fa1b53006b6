"""The hub's certificate renews itself while the hub runs: sites pin the authority, so that none of them notices."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from dataspace.adapters.tls import SERVER_DAYS, Authority
from dataspace.errors import DataspaceError
from dataspace.service.repeating import repeated

LOOK_SECONDS = 3600.0
LEFT = timedelta(days=SERVER_DAYS / 3)
"""A certificate with less left than this is replaced."""
_log = logging.getLogger("dataspace.adapters.renewing")


def renew_if_due(
    authority: Authority,
    names: Sequence[str],
    folder: Path,
    context: ssl.SSLContext | None,
    now: datetime,
) -> bool:
    """Replace the certificate in `folder` where it ends soon; whether that was so.

    `context` is the one that the server uses: connections that are open stay as they are, new ones see the new
    certificate.
    """
    shown = x509.load_pem_x509_certificate((folder / "server.crt").read_bytes())
    if shown.not_valid_after_utc - now > LEFT:
        return False
    certificate, key = authority.issue_server(names, folder, now)
    if context is not None:
        context.load_cert_chain(certificate, key)
    return True


@contextmanager
def renewing(
    authority: Authority, names: Sequence[str], folder: Path, context: Callable[[], ssl.SSLContext | None]
) -> Iterator[None]:
    """Look every hour, for as long as the context lasts."""

    def look(_ending: threading.Event) -> None:
        try:
            if renew_if_due(authority, names, folder, context(), datetime.now(UTC)):
                _log.warning("the hub's certificate was renewed")
        except (OSError, ValueError, DataspaceError):
            _log.exception("the hub's certificate could not be renewed; the next look is in an hour")

    with repeated("certificate", LOOK_SECONDS, look):
        yield
