"""One site of the demo, set up by the same functions that `dataspace site join`, `data add` and `policy add` call."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dataspace.adapters.keys import FileSigner
from dataspace.adapters.packaged_policies import policy_text
from dataspace.bootstrap import SiteServices, build_site
from dataspace.cli.demo.facts import LogFacts, SiteData
from dataspace.model.limits import Acceptance, SiteLimits
from dataspace.model.names import SiteName
from dataspace.service.registering import Registration
from dataspace.settings import SiteSettings
from dataspace.site.join import InviteFile, join
from dataspace.site.line import HubLine

LIMITS = SiteLimits(acceptance=Acceptance.BY_POLICY, status_seconds=0.0)
"""The sites of the demo leave permits to their own policies, and ask before every message which are revoked, so that
step 9 need not wait. A site that says nothing asks every 15 minutes."""


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What one site holds, and by which policies it decides."""

    name: SiteName
    title: str
    file: Path
    dataset: str
    drop: tuple[str, ...]
    synthetic: bool
    policies: tuple[str, ...]


def join_and_register(home: Path, plan: SitePlan, invite: InviteFile) -> SiteData:
    """Join the hub, register the file under the hub's dictionary, and say to the hub that the site has it."""
    settings = join(home, invite, LIMITS, plan.title)
    with opened(settings) as (site, line):
        dictionary = line.dictionary(plan.dataset)
        site.catalog.put_dictionary(dictionary)
        said = Registration(
            plan.dataset,
            title=plan.title,
            dictionary=str(dictionary),
            drop=plan.drop,
            synthetic=plan.synthetic,
            publish=True,
        )
        made = site.depositing.register(site.steward, plan.file, said)
        signer = FileSigner(home, "signing")
        line.offer(plan.name, signer, made.version.created, [plan.dataset], str(dictionary))
        return SiteData(
            site=plan.name,
            dataset=plan.dataset,
            rows=made.version.rows,
            version=made.version.ref.sha256,
            dictionary=str(dictionary),
            synthetic=plan.synthetic,
        )


def put_policies_in_force(settings: SiteSettings, names: Sequence[str]) -> tuple[str, ...]:
    """Publish shipped policies at a site, on its own steward's word; their names."""
    with opened(settings) as (site, _):
        return tuple(str(site.publishing.publish(site.steward, policy_text(name)).id) for name in names)


def log_of(settings: SiteSettings) -> LogFacts:
    """The site's own log, recomputed from its records. Raises VerificationFailed where it does not match."""
    with opened(settings) as (site, _):
        state = site.auditing.verify()
        return LogFacts(settings.pinned.site, state.size, state.root)


@contextmanager
def opened(settings: SiteSettings) -> Iterator[tuple[SiteServices, HubLine]]:
    """The site's services and its line to the hub, for as long as it takes."""
    line = HubLine(settings.pinned.hub, settings.pinned.hub_ca)
    try:
        site = build_site(settings, line.status)
        try:
            yield site, line
        finally:
            site.close()
    finally:
        line.close()
