"""One exchange: a reply for each site, and a deadline that names the silent ones. The grid is a real one, in memory."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from flwr.app import Error, Message
from flwr.supercore.task_identity import TaskIdentity

from dataspace.adapters.flower.codec import reply_to_record
from dataspace.adapters.flower.exchange import FlowerExchange
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import SiteMessage, SiteReply, Step

A, B, C, D = (SiteName(name) for name in "abcd")
NODES = {A: 11, B: 12, C: 13}
MESSAGE = SiteMessage(RunId("r-1"), 1, Step.FIT, {}, {"beta": np.arange(2.0)})
Answer = Callable[[Message], Message | None]


class MemoryGrid:
    """Answers what is pushed by a function for each node; None is silence."""

    def __init__(self, answers: dict[int, Answer]) -> None:
        self.answers = answers
        self.replies: dict[str, Message] = {}

    def push_messages(self, messages: Iterable[Message]) -> list[str]:
        ids = []
        for message in messages:
            message.metadata.__dict__["_message_id"] = id_ = f"m{message.metadata.dst_node_id}"
            reply = self.answers[message.metadata.dst_node_id](message)
            if reply is not None:
                self.replies[id_] = reply
            ids.append(id_)
        return ids

    def pull_messages(self, ids: Iterable[str]) -> list[Message]:
        return [self.replies.pop(id_) for id_ in ids if id_ in self.replies]


@pytest.fixture(autouse=True)
def identity() -> None:
    TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 1, 1


def replying(reply: SiteReply) -> Answer:
    return lambda message: Message(reply_to_record(reply), reply_to=message)


def exchange(answers: dict[int, Answer]) -> tuple[FlowerExchange, list[float]]:
    """An exchange whose time passes only while it sleeps."""
    now, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        now[0] += seconds
        slept.append(seconds)

    return FlowerExchange(MemoryGrid(answers), NODES, sleep, lambda: now[0]), slept


def send(answers: dict[int, Answer], sites: Iterable[SiteName]) -> dict[SiteName, SiteReply]:
    replies = list(exchange(answers)[0].send(dict.fromkeys(sites, MESSAGE), 5.0))
    assert len(replies) == len({reply.site for reply in replies}), "one reply for each site"
    return {reply.site: reply for reply in replies}


def silent(message: Any) -> None:
    return None


def test_updates_and_refusals_come_back_under_the_name_that_the_key_gives() -> None:
    update = SiteReply(SiteName("liar"), {"n": 3}, {"gradient": np.ones(2)})
    refusal = SiteReply(B, refused="policy.forbidden", reason="Not here.")
    replies = send({11: replying(update), 12: replying(refusal)}, [A, B])
    assert replies[A].document == {"n": 3}
    assert replies[A].arrays["gradient"].tolist() == [1.0, 1.0]
    assert replies[B] == refusal


def test_a_site_that_is_silent_at_the_deadline_is_named() -> None:
    replies = send({11: replying(SiteReply(A, {"n": 1})), 12: silent, 13: silent}, [A, B, C])
    assert {site for site, reply in replies.items() if reply.refused == "no-answer"} == {B, C}
    assert "5 s" in replies[B].reason


def test_the_deadline_is_kept_and_looks_become_rarer() -> None:
    made, slept = exchange({12: silent})
    list(made.send({B: MESSAGE}, 5.0))
    assert sum(slept) == pytest.approx(5.0)
    assert len(slept) < 25


def test_a_site_without_a_node_is_answered_for_at_once() -> None:
    made, slept = exchange({})
    (reply,) = made.send({D: MESSAGE}, 5.0)
    assert (reply.site, reply.refused, slept) == (D, "no-answer", [])


def test_an_error_of_the_node_counts_as_no_answer_and_its_text_stays_away() -> None:
    replies = send({11: lambda message: Message(Error(2, "age=93"), reply_to=message)}, [A])
    assert replies[A].refused == "no-answer"
    assert "93" not in replies[A].reason


def test_a_reply_of_another_form_is_refused_here() -> None:
    from flwr.app import RecordDict

    replies = send({11: lambda message: Message(RecordDict(), reply_to=message)}, [A])
    assert replies[A].refused == "reply.malformed"


def test_a_message_ends_with_the_round() -> None:
    seen: list[float] = []

    def look(message: Message) -> None:
        seen.append(message.metadata.ttl)

    send({11: look}, [A])
    assert seen == [5.0]
