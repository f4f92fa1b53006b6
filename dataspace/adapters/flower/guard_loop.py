"""The site's loop: takes each message from the node, lets the guard answer it, and hands the reply back.

It stands where Flower would start an app process with the hub's code. No code of a hub is executed, unpacked or
imported here: of the app only the SHA-256 of its bytes is looked at, and given to the guard.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from dataspace.adapters.flower import private, shortening
from dataspace.adapters.flower.codec import message_from_record, reply_to_record
from dataspace.errors import InvalidRequest
from dataspace.model.names import SiteName
from dataspace.model.runs import SiteMessage, SiteReply
from dataspace.service.repeating import repeated

ACTIVE_SECONDS, IDLE_SECONDS, LINGER_SECONDS = 0.05, 0.5, 20.0
"""Between two looks for a task: while a run is active, and otherwise; how long a run counts as active."""
HEARTBEAT_SECONDS = 10.0
"""Between two signs of life while the guard works on a message; Flower gives a silent task up after about 60 s."""

Handle = Callable[[SiteMessage], SiteReply]
_log = logging.getLogger(__name__)


def serve(
    handle: Handle, runtime_address: str | Callable[[], str], secret: bytes, stop: threading.Event
) -> None:
    """Answer messages until `stop` is set, which also withholds the answer that is being made.

    A node that is away is waited for. An exception of `handle` is logged here, and leaves as a refusal that says
    nothing.
    """
    shortening.shorten_pulls()
    shortening.bound_pulls()
    last_task = float("-inf")
    while not stop.is_set():
        address = runtime_address() if callable(runtime_address) else runtime_address
        client = private.runtime_client(address, secret=secret, retry=False)
        try:
            while not stop.is_set():
                if _answer_one(client, address, handle, stop):
                    last_task = time.monotonic()
                active = time.monotonic() - last_task < LINGER_SECONDS
                stop.wait(ACTIVE_SECONDS if active else IDLE_SECONDS)
        except (httpx.HTTPError, private.inflatable_utils.ObjectPullError) as error:
            # The node is starting, was restarted, or another process has its port for now (401); or the run of a
            # message was stopped before all of it was there.
            _log.debug("node not ready: %s", type(error).__name__)
            stop.wait(IDLE_SECONDS)
        except Exception:  # noqa: BLE001
            # Whatever it is, a site does not fall silent: the message goes without an answer, the next is taken.
            _log.exception("a message could not be taken or answered")
            stop.wait(IDLE_SECONDS)
        finally:
            client.close()


def _answer_one(client: Any, address: str, handle: Handle, stop: threading.Event) -> bool:
    """Take one task, if there is one, and answer it; whether there was one."""
    acquired = client.AcquireTask(private.AcquireTaskRequest(supported_task_types=[private.CLIENT_APP]))
    if not acquired.token:
        return False
    task_client = private.runtime_client(address, token=acquired.token)
    try:
        with _signs_of_life(task_client):
            message, context, _, fab = private.pull_task_input(task_client)
            reply = answer_for(handle, message.content, fab, acquired.task.fab_hash, stop)
            answer = private.Message(_record(reply), reply_to=message)
            private.push_message(task_client, answer, context)
            private.push_task_output(task_client, None, private.SubStatus.COMPLETED, "")
    finally:
        task_client.close()
    return True


def answer_for(handle: Handle, record: Any, fab: Any, expected: str, stop: threading.Event) -> SiteReply:
    """The reply that leaves for a record that came with an app: the guard's own, or a refusal in its place."""
    app_hash = hashlib.sha256(fab.content).hexdigest()
    if not app_hash == fab.hash_str == expected:
        return _refusal("app.altered", "The app is not the one that its hash names.")
    try:
        received = message_from_record(record, app_hash)
    except InvalidRequest as error:
        return _refusal("message.malformed", error.fact)
    try:
        reply = handle(received)
    except Exception:  # noqa: BLE001  Flower would send the text of the exception, data values included.
        _log.exception("run %s round %d: the guard failed", received.run, received.round)
        return _internal()
    # The kill switch: what was worked out meanwhile does not leave.
    return _refusal("site.stopped", "The site was stopped by its operator.") if stop.is_set() else reply


def _record(reply: SiteReply) -> Any:
    try:
        return reply_to_record(reply)
    except InvalidRequest:
        _log.exception("the guard's reply cannot travel")
        return reply_to_record(_internal())


def _internal() -> SiteReply:
    return _refusal("internal", "The site could not answer. Its operator finds the cause in the site's log.")


def _refusal(code: str, reason: str) -> SiteReply:
    # The name does not travel: the hub knows a site by the key of its node.
    return SiteReply(SiteName("site"), refused=code, reason=reason)


@contextmanager
def _signs_of_life(client: Any) -> Iterator[None]:
    def beat(_ending: threading.Event) -> None:
        try:
            client.SendTaskHeartbeat(private.SendTaskHeartbeatRequest())
        except (httpx.HTTPError, RuntimeError) as error:  # the second: closed meanwhile
            _log.warning("no sign of life sent: %s", type(error).__name__)

    with repeated("task-heartbeat", HEARTBEAT_SECONDS, beat, patience=1.0):
        yield
