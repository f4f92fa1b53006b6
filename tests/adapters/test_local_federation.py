"""Sites as functions in one process keep the promises of an exchange."""

from dataspace.adapters.local_federation import LocalExchange
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import SiteMessage, SiteReply, Step


def test_every_site_of_an_exchange_answers_once_also_the_silent_ones() -> None:
    def answers(message: SiteMessage) -> SiteReply:
        return SiteReply(SiteName("a"), {"round": message.round})

    def fails(message: SiteMessage) -> SiteReply:
        raise RuntimeError("secret of the site")

    exchange = LocalExchange({SiteName("a"): answers, SiteName("b"): fails})
    message = SiteMessage(RunId("r-1"), 3, Step.COUNT, {})
    sent = exchange.send({SiteName(name): message for name in ("a", "b", "c")}, seconds=5)
    replies = sorted(sent, key=lambda reply: reply.site)
    assert [(reply.site, reply.refused) for reply in replies] == [
        ("a", ""),
        ("b", "no-answer"),
        ("c", "no-answer"),
    ]
    assert replies[0].document == {"round": 3}
    assert "secret" not in repr(replies)
