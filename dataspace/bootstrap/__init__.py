"""Where everything is plugged together: settings in, adapters built, services out."""

from dataspace.bootstrap.founding import AUTHORITY, add_person, init_hub, issue_token, people_of, sign_out
from dataspace.bootstrap.hub import HubServices, build_hub
from dataspace.bootstrap.link import Link, start_link
from dataspace.bootstrap.site import SiteServices, build_site

__all__ = [
    "AUTHORITY",
    "HubServices",
    "Link",
    "SiteServices",
    "add_person",
    "build_hub",
    "build_site",
    "init_hub",
    "issue_token",
    "people_of",
    "sign_out",
    "start_link",
]
