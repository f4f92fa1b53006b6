"""Names with a grammar: a bare string crosses no layer as the name of a dataset, a site or a person."""

import re
from typing import NewType

DatasetName = NewType("DatasetName", str)
"""`medpar`, `icu_stays`: lower-case letters, digits and `_`, at most 63, first a letter. Also its name in SQL."""

SiteName = NewType("SiteName", str)
"""`hospital-a`, `plant-1`: lower-case letters, digits and `-`, at most 63, first a letter. The hub is `hub`."""

PrincipalId = NewType("PrincipalId", str)
"""`ana`, `ana@example.org`: who asks, as the issuer of the token names them."""

ColumnName = NewType("ColumnName", str)
PolicyId = NewType("PolicyId", str)
RuleId = NewType("RuleId", str)
ApplicationId = NewType("ApplicationId", str)
PermitId = NewType("PermitId", str)
RunId = NewType("RunId", str)
CutId = NewType("CutId", str)
"""SHA-256, in hex, of the canonical JSON of a `CutRecipe`."""

HUB = SiteName("hub")

_DATASET = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SITE = re.compile(r"[a-z][a-z0-9-]{0,62}")


def dataset_name(text: str) -> DatasetName:
    """Check the grammar of a dataset's name; raises ValueError with the rule."""
    if not _DATASET.fullmatch(text):
        raise ValueError("a dataset's name has lower-case letters, digits and _, at most 63, first a letter")
    return DatasetName(text)


def site_name(text: str) -> SiteName:
    """Check the grammar of a site's name; raises ValueError with the rule."""
    if not _SITE.fullmatch(text):
        raise ValueError("a site's name has lower-case letters, digits and -, at most 63, first a letter")
    return SiteName(text)
