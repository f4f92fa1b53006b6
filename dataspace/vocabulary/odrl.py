"""Actions of ODRL 2.2 with what each is included in, its left operands with how their values compare, and prefixes.

Source: W3C Recommendation "ODRL Vocabulary & Expression 2.2" (15 February 2018), terms and `includedIn`; deprecated
terms stand under what replaces them.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from dataspace.model.odrl import ODRL

CC = "http://creativecommons.org/ns#"
PROFILE = "urn:dataspace:odrl#"
"""Our profile: actions, operands and duties for which ODRL has no word (docs/reference/odrl.md)."""

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "odrl": ODRL,
        "cc": CC,
        "ds": PROFILE,
        "dct": "http://purl.org/dc/terms/",
        "dpv": "https://w3id.org/dpv#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "report": "https://w3id.org/force/compliance-report#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
)

_INCLUDED = """
use: odrl:aggregate odrl:annotate odrl:anonymize odrl:archive odrl:attribute odrl:compensate odrl:concurrentUse
use: odrl:delete odrl:derive odrl:digitize odrl:distribute odrl:ensureExclusivity odrl:execute odrl:grantUse
use: odrl:include odrl:index odrl:inform odrl:install odrl:modify odrl:move odrl:nextPolicy odrl:obtainConsent
use: odrl:play odrl:present odrl:print odrl:read odrl:reproduce odrl:reviewPolicy odrl:stream odrl:synchronize
use: odrl:textToSpeech odrl:transform odrl:translate odrl:uninstall odrl:watermark odrl:acceptTracking
use: cc:Attribution cc:CommercialUse cc:DerivativeWorks cc:Distribution cc:Notice cc:Reproduction cc:ShareAlike
use: cc:Sharing cc:SourceCode ds:discover ds:train
transfer: odrl:give odrl:sell
reproduce: odrl:extract odrl:copy odrl:extractChar odrl:extractPage odrl:extractWord
play: odrl:display
modify: odrl:append odrl:appendTo odrl:write odrl:writeTo
transform: odrl:export
compensate: odrl:pay
grantUse: odrl:license
"""
_SAME = "attachPolicy Notice attachSource SourceCode commercialize CommercialUse share Sharing shareAlike ShareAlike"
_SAME_AS = dict(zip(_SAME.split()[::2], _SAME.split()[1::2], strict=True))


def _full(name: str) -> str:
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local


def _included() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in _INCLUDED.strip().splitlines():
        wider, _, names = line.partition(":")
        table |= {_full(name): ODRL + wider for name in names.split()}
    return table | {ODRL + old: CC + new for old, new in _SAME_AS.items()}


INCLUDED_IN: Mapping[str, str] = MappingProxyType(_included())
"""Each action with the next wider one. `use` and `transfer` stand at the top, and neither covers the other."""
ACTIONS = frozenset(INCLUDED_IN) | {ODRL + "use", ODRL + "transfer"}


def wider_actions(action: str) -> tuple[str, ...]:
    """The action itself and all that include it, from the narrowest. An unknown action is included in itself alone."""
    found = [action]
    while (wider := INCLUDED_IN.get(found[-1])) is not None:
        found.append(wider)
    return tuple(found)


class Sort(StrEnum):
    """How the values of a left operand compare."""

    INSTANT = "instant"
    DURATION = "duration"
    RECURRING = "recurring"
    NUMBER = "number"
    COUNTED = "counted"
    LANGUAGE = "language"
    PLACE = "place"
    TERM = "term"


_SORTS = {
    Sort.INSTANT: "dateTime",
    Sort.DURATION: "elapsedTime meteredTime delayPeriod",
    Sort.RECURRING: "timeInterval",
    Sort.COUNTED: "count",
    Sort.NUMBER: "payAmount percentage absolutePosition absoluteSize relativePosition relativeSize resolution "
    "absoluteSpatialPosition absoluteTemporalPosition relativeSpatialPosition relativeTemporalPosition",
    Sort.LANGUAGE: "language",
    Sort.PLACE: "spatial",
    Sort.TERM: "deliveryChannel event fileFormat industry media product purpose recipient spatialCoordinates "
    "systemDevice unitOfCount version virtualLocation device system",
}
SORT_OF: Mapping[str, Sort] = MappingProxyType(
    {ODRL + name: sort for sort, names in _SORTS.items() for name in names.split()}
)
OPERANDS = frozenset(SORT_OF)
_LENGTHS = ("elapsedTime", "meteredTime", "delayPeriod")
_AMOUNTS = ("count", "payAmount", "percentage", "absoluteSize", "relativeSize", "resolution")
NOT_NEGATIVE = frozenset(ODRL + name for name in (*_LENGTHS, *_AMOUNTS))
PERCENTAGES = frozenset(ODRL + name for name in ("percentage", "relativeSize", "relativePosition"))
"""Never above 100."""
AXES = "http://w3id.org/odrl/spatial-axis#"
"""A profile that splits sizes and positions into axes: `absoluteSizeWidth` is the width of `absoluteSize`."""
