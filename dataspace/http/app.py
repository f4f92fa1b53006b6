"""The whole contract as one ASGI app over the services of a hub."""

from importlib.metadata import version

from fastapi import FastAPI, Response

from dataspace.bootstrap import HubServices
from dataspace.http import problems
from dataspace.http.answers import answers
from dataspace.http.catalogue import catalogue
from dataspace.http.curation import curation
from dataspace.http.describing import describing
from dataspace.http.finding import finding
from dataspace.http.ledger import accounts
from dataspace.http.office import office
from dataspace.http.own_apps import own_apps
from dataspace.http.permits import applications, permits
from dataspace.http.policies import policies
from dataspace.http.questions import questions, runs
from dataspace.http.records import records
from dataspace.http.releases import releases
from dataspace.http.replies import reply
from dataspace.http.signing_in import signing_in
from dataspace.http.sites import sites
from dataspace.http.sources import sources


def create_app(hub: HubServices) -> FastAPI:
    """Serve this hub. The app owns nothing: who built the services closes them."""
    app = FastAPI(
        title=f"dataspace hub {hub.name}", version=version("dataspace"), docs_url=None, redoc_url=None
    )
    app.state.tokens = hub.tokens
    problems.install(app)

    @app.get("/health", tags=["hub"])
    def health() -> Response:
        """That this is a hub, and which version. Needs no token."""
        return reply(
            {"status": "ok", "hub": hub.name, "version": version("dataspace"), "now": hub.clock.now()}
        )

    for part in (
        finding,
        catalogue,
        policies,
        describing,
        curation,
        answers,
        questions,
        runs,
        own_apps,
        applications,
        permits,
        office,
        accounts,
        records,
        releases,
        sites,
        sources,
        signing_in,
    ):
        app.include_router(part(hub))
    return app
