"""Places of GeoNames that policies name most, each with the next wider one: Europe, its countries, some regions.

GeoNames identifiers (https://www.geonames.org, CC BY 4.0). That two of them share nothing is not said here.
"""

from collections.abc import Mapping
from types import MappingProxyType

_GEO = "https://sws.geonames.org/"
EUROPE = "6255148"

_COUNTRIES = """
AT 2782113 BE 2802361 BG 732800 HR 3202326 CY 146669 CZ 3077311 DK 2623032 EE 453733 FI 660013 FR 3017382
DE 2921044 GR 390903 HU 719819 IE 2963597 IT 3175395 LV 458258 LT 597427 LU 2960313 MT 2562770 NL 2750405
PL 798544 PT 2264397 RO 798549 SK 3057568 SI 3190538 ES 2510769 SE 2661886 IS 2629691 LI 3042058 NO 3144096
CH 2658434 GB 2635167
"""
_REGIONS = """
2921044: 2953481 2951839 2950157 2945356 2944387 2911297 2905330 2872567 2862926 2861876 2847618 2842635 2842566
2921044: 2842565 2838632 2822542
3017382: 3012874 11071622 2985244 11071623 11071625 11071620 11071624 11071621 3030293 2988289 3027939 11071619
3017382: 3023519
2951839: 2867714
2950157: 2950159
2911297: 2911298
2861876: 2886242
2953481: 2825297
3012874: 2988507
11071622: 2973783
11071625: 2996944
2985244: 2995469
11071623: 2972315
"""


def _table() -> dict[str, tuple[str, ...]]:
    codes = _COUNTRIES.split()
    europe = (_GEO + EUROPE + "/",)
    table: dict[str, tuple[str, ...]] = {_GEO + number + "/": europe for number in codes[1::2]}
    for line in _REGIONS.strip().splitlines():
        wider, _, numbers = line.partition(":")
        table |= {_GEO + number + "/": (_GEO + wider + "/",) for number in numbers.split()}
    return table


PART_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(_table())
"""From a place to what it lies in."""
