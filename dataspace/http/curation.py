"""Paths of the life of a dataset's versions, of its match with a dictionary, and of dummy rows."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dataspace.bootstrap import HubServices
from dataspace.errors import InvalidRequest
from dataspace.http.bodies import ReasonBody, body
from dataspace.http.replies import ARROW, arrow_stream, reply
from dataspace.http.signing_in import Asker
from dataspace.model.curation import Standing
from dataspace.model.matching import Matching
from dataspace.service.registering import Registered
from dataspace.service.registration import Registration

DUMMY_HEADER = "Dataspace-Dummy"


@dataclass(frozen=True, slots=True)
class FixBody:
    """`POST /datasets/{name}/fix`."""

    drop: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    generalise: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    privacy_unit: str = ""


@dataclass(frozen=True, slots=True)
class ExpectBody:
    """`POST /datasets/{name}/expectations`."""

    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchBody:
    """`POST /datasets/{name}/dictionary`."""

    dictionary: str
    apply: bool = False
    codes: tuple[str, ...] = ()
    """What local codes mean that no rule knows: `column=here:code,…`."""


def curation(hub: HubServices) -> APIRouter:
    """Versions and what becomes of them."""
    router = APIRouter(tags=["catalogue"])
    for add in (_fixing, _versions, _settling, _describing, _dummies):
        add(router, hub)
    return router


def _fixing(router: APIRouter, hub: HubServices) -> None:
    @router.post("/datasets/{name}/fix", status_code=201)
    def fix(name: str, asker: Asker, said: Annotated[FixBody, Depends(body(FixBody))]) -> Response:
        """A new version of the latest one, curated further."""
        wishes = Registration(
            name,
            drop=said.drop,
            rename=said.rename,
            cast=said.cast,
            generalise=said.generalise,
            consent=said.consent,
            codes=said.codes,
            label=said.label,
            privacy_unit=said.privacy_unit,
        )
        return reply(hub.curating.fix(asker, name, wishes), 201)


def _versions(router: APIRouter, hub: HubServices) -> None:
    @router.get("/datasets/{name}/versions")
    def versions(name: str, asker: Asker) -> Response:
        """Every version, oldest first, and whether it may still be asked."""
        return reply(hub.curating.history(asker, name))

    @router.get("/datasets/{name}/versions/{which}")
    def version(name: str, which: str, asker: Asker) -> Response:
        """One version, by its number or the beginning of its hash."""
        return reply(hub.curating.version(asker, name, which))

    @router.get("/datasets/{name}/versions/{which}/provenance")
    def provenance(name: str, which: str, asker: Asker) -> Response:
        """Where a version comes from, as PROV-O in JSON-LD."""
        return reply(hub.curating.provenance(asker, name, which))


def _settling(router: APIRouter, hub: HubServices) -> None:
    @router.post("/datasets/{name}/versions/{which}/{standing}")
    def settle(
        name: str,
        which: str,
        standing: str,
        asker: Asker,
        said: Annotated[ReasonBody, Depends(body(ReasonBody))],
    ) -> Response:
        """Deprecate, withdraw or erase a version: `deprecated`, `withdrawn` or `erased`."""
        if standing not in (Standing.DEPRECATED, Standing.WITHDRAWN, Standing.ERASED):
            raise InvalidRequest(
                f"A version cannot become '{standing}'.", "Say deprecated, withdrawn or erased."
            )
        return reply(hub.curating.settle(asker, name, which, Standing(standing), said.reason))


def _describing(router: APIRouter, hub: HubServices) -> None:
    @router.get("/datasets/{name}/profile")
    def profile(name: str, asker: Asker, version: str = "") -> Response:
        """The profile of a version and its difference to the one before: for stewards."""
        return reply(hub.curating.profile(asker, name, version))

    @router.post("/datasets/{name}/expectations")
    def expectations(
        name: str, asker: Asker, said: Annotated[ExpectBody, Depends(body(ExpectBody))]
    ) -> Response:
        """Replace the rules that every new version is held against."""
        return reply(hub.curating.expect(asker, name, said.rules))

    @router.post("/datasets/{name}/dictionary")
    def match(name: str, asker: Asker, said: Annotated[MatchBody, Depends(body(MatchBody))]) -> Response:
        """The latest version against a dictionary; the mapping is kept."""
        matching, made = hub.curating.match(asker, name, said.dictionary, said.apply, said.codes)
        return reply(Matched(matching, made))


def _dummies(router: APIRouter, hub: HubServices) -> None:
    @router.get("/datasets/{name}/dummy")
    def dummy(
        name: str, asker: Asker, n: Annotated[int, Query(ge=0)] = 500, seed: Annotated[int, Query(ge=0)] = 0
    ) -> Response:
        """Rows made up from the description, as an Arrow stream. They mean nothing."""
        table = hub.curating.dummy(asker, name, n, seed)
        whole = b"".join(arrow_stream(table.schema, iter(table.to_batches())))
        return Response(whole, media_type=ARROW, headers={DUMMY_HEADER: "true"})


@dataclass(frozen=True, slots=True)
class Matched:
    """The reply to a match: what fits, and the version that was made by it."""

    matching: Matching
    made: Registered | None
