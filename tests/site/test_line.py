"""What a site's line makes of the hub's refusals: what there is none of is no wrong use of a command."""

import httpx
import pytest

from dataspace.errors import DataspaceError, InvalidRequest, RequestError, SourceError
from dataspace.site.line import HubLine


def line(status: int, code: str) -> HubLine:
    problem = {"code": code, "detail": "No permit named 'P-77'.", "hint": ""}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=problem))
    return HubLine("https://hub.invalid", "", transport)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "request.unknown", RequestError),
        (409, "request.conflict", InvalidRequest),
        (503, "source", SourceError),
    ],
)
def test_a_refusal_of_the_hub_is_of_its_kind(status: int, code: str, kind: type[DataspaceError]) -> None:
    with pytest.raises(DataspaceError, match="P-77") as told:
        line(status, code).dictionary("medpar")
    assert type(told.value) is kind
