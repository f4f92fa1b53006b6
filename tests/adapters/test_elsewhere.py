"""Other catalogues over the network: nothing too large, too slow, sent elsewhere or with another one's token."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from dataspace.adapters.catalogue_access import CatalogueAccess
from dataspace.adapters.elsewhere import HttpsElsewhere
from dataspace.errors import InvalidRequest, SetupError, SourceError

URL = "https://localhost:8443/catalog"
TOKEN = "a-token-that-nobody-may-read"


def answering(
    answer: Callable[[httpx.Request], httpx.Response], home: Path, largest: int = 1000, longest: float = 5
) -> HttpsElsewhere:
    return HttpsElsewhere(CatalogueAccess(home), httpx.MockTransport(answer), largest, longest)


class Endless(httpx.SyncByteStream):
    """A page that never ends, and counts what was taken of it."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.taken += 100
            yield b"x" * 100


def test_a_page_without_an_end_is_given_up_at_its_largest_size(tmp_path: Path) -> None:
    page = Endless()
    with pytest.raises(SourceError, match="larger"):
        answering(lambda _: httpx.Response(200, stream=page), tmp_path).fetch(URL, "", "")
    assert page.taken <= 1100


def test_a_page_that_drips_is_given_up_when_its_time_is_over(tmp_path: Path) -> None:
    slow = answering(lambda _: httpx.Response(200, stream=Endless()), tmp_path, 1 << 60, longest=0.05)
    with pytest.raises(SourceError, match="longer"):
        slow.fetch(URL, "", "")


@pytest.mark.parametrize("status", [301, 302, 401, 404, 500])
def test_only_a_plain_yes_is_a_page_and_no_redirect_is_followed(tmp_path: Path, status: int) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(status, headers={"Location": "https://elsewhere.example/"})

    with pytest.raises(SourceError, match=str(status)):
        answering(answer, tmp_path).fetch(URL, "", "")
    assert asked == ["localhost"]


def test_what_comes_compressed_is_refused_since_its_size_is_not_known(tmp_path: Path) -> None:
    bomb = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Endless())
    with pytest.raises(SourceError, match="compressed"):
        answering(lambda _: bomb, tmp_path).fetch(URL, "", "")


def test_a_peer_that_hangs_up_is_a_source_error(tmp_path: Path) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset", request=request)

    with pytest.raises(SourceError, match="does not answer"):
        answering(broken, tmp_path).fetch(URL, "", "")


@pytest.mark.parametrize(
    "url",
    [
        "http://hub.example/catalog",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/catalog",
        "https://0.0.0.0/catalog",
        "https://sam:secret@hub.example/catalog",
        "file:///etc/passwd",
        "https://",
        "nonsense",
    ],
)
def test_places_that_are_no_catalogues_are_never_asked(tmp_path: Path, url: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise AssertionError("it was asked")

    with pytest.raises(InvalidRequest):
        answering(answer, tmp_path).fetch(url, "", "")


def test_a_token_goes_to_the_host_that_it_is_for_and_to_no_other(tmp_path: Path) -> None:
    access = CatalogueAccess(tmp_path)
    access.keep(URL, TOKEN)
    sent = {}

    def answer(request: httpx.Request) -> httpx.Response:
        sent[str(request.url)] = request.headers.get("Authorization", "")
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    elsewhere = answering(answer, tmp_path)
    other = ("https://localhost/catalog", "https://127.0.0.1:8443/catalog", "http://localhost:8444/catalog")
    for url in (URL, "https://LOCALHOST:8443/other?after=2", *other):
        elsewhere.fetch(url, "", "")
    assert sent[URL] == sent["https://localhost:8443/other?after=2"] == f"Bearer {TOKEN}"
    assert [sent[url] for url in other] == ["", "", ""]
    elsewhere.fetch(URL, "", "said-by-hand")
    assert sent[URL] == "Bearer said-by-hand"


def test_a_token_is_its_owners_alone_and_shows_nowhere(tmp_path: Path) -> None:
    access = CatalogueAccess(tmp_path)
    path = access.keep(URL, TOKEN) / "token"
    assert path.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in repr(access) + repr(HttpsElsewhere(access).__dict__)
    path.chmod(0o644)
    with pytest.raises(SetupError, match="others") as refused:
        access.token(URL)
    assert TOKEN not in str(refused.value)


def test_a_token_that_is_replaced_holds_at_once_and_one_that_is_none_is_refused(tmp_path: Path) -> None:
    access = CatalogueAccess(tmp_path)
    assert access.token(URL) == ""
    folder = access.keep(URL, "first")
    access.keep(URL, "second")
    assert access.token(URL) == "second"
    for wrong in (b"two words", b"\xff\xfe", b"line\r\nHost: x", b"x" * 20_000):
        (folder / "token").write_bytes(wrong)
        with pytest.raises(SetupError, match="holds no token"):
            access.token(URL)


@pytest.mark.parametrize(
    "url", ["https://../catalog", "https://..%2f..%2fetc/x", "https://a b/x", "https:///x"]
)
def test_an_address_leads_to_no_folder_outside(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidRequest):
        CatalogueAccess(tmp_path).keep(url, TOKEN)
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    access = CatalogueAccess(tmp_path)
    access.keep(URL, ca_pem="no certificate")
    with pytest.raises(SetupError, match="no certificate"):
        HttpsElsewhere(access).fetch(URL, "", "")
