"""The fields of a catalogue record: what each is called, where it is kept, what it may hold, who asks for it and why.

Clauses: GDPR = Regulation (EU) 2016/679; EHDS = Regulation (EU) 2025/327; Data Act = Regulation (EU) 2023/2854;
DCAT-AP = DCAT-AP 3.0.1; HealthDCAT-AP = its Release 8. `house rule` is ours, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dataspace.vocabulary import authorities
from dataspace.vocabulary.record_kinds import (
    When,
    always,
    has_vote,
    is_closed_health,
    is_health,
    is_personal,
    is_personal_health,
    is_plant,
    is_public,
    never,
    rests_on_law,
)
from dataspace.vocabulary.record_values import (
    Complaint,
    address,
    day,
    fine,
    interval,
    one_of,
    reachable,
    term,
)

# Two lines a field: name | place in a Dataset | what it is, as the end of "… is missing:"
#                    who asks for it and why | an example that can be typed
_TABLE = """
title | title | one line that names the data
    DCAT-AP, dct:title (mandatory) | Hospital stays 1991
description | description | what a row is and where it comes from
    DCAT-AP, dct:description (mandatory) | Each row is one stay of an inpatient
domain | about.domain | general, health or plant
    decides what else is asked for | health
access | about.access | PUBLIC, RESTRICTED or NON_PUBLIC
    HealthDCAT-AP, dct:accessRights (mandatory) | NON_PUBLIC
identifier | about.identifier | a name that stays the same
    HealthDCAT-AP, dct:identifier (mandatory) | medpar
theme | theme | the subject, a word of the EU's data themes
    HealthDCAT-AP, dcat:theme (mandatory) | health
keyword | keywords | words that people would search for
    HealthDCAT-AP, dcat:keyword (mandatory where not public) | mortality
contact | responsibility.contact | whom to write to about the data
    GDPR Art. 13(1)(a); HealthDCAT-AP, dcat:contactPoint (mandatory where not public) | Desk <data@clinic.example>
controller | responsibility.controller | who decides why and how the data are used and answers for it
    GDPR Art. 4(7), 30(1)(a) | Hospital of Nowhere
joint-controller | responsibility.joint_controllers | who decides together with the controller
    GDPR Art. 26 | University
processor | responsibility.processor | who processes on the controller's behalf
    GDPR Art. 28 | Hosting Ltd
data-protection-officer | responsibility.data_protection_officer | the data protection officer, and how to reach them
    GDPR Art. 37(7), 30(1)(a) | Dr Doe <dpo@hospital.example>
legal-basis | about.legal_basis | the holder's legal basis for processing
    GDPR Art. 6(1) | A6-1-c
cited-law | responsibility.cited_law | the law that the legal basis rests on
    GDPR Art. 6(3), 9(2)(g), (i), (j) | http://data.europa.eu/eli/reg/2025/327/oj
retention | responsibility.retention | how long the data are kept
    GDPR Art. 5(1)(e), 30(1)(f) | 2020-01-01/2035-12-31
ethics-vote | responsibility.ethics_vote | the ethics vote, or `not required: why`
    EHDS Art. 67(2), national law | 24-113
ethics-expires | responsibility.ethics_expires | until when the ethics vote counts
    house rule: a vote has an end | 2028-12-31
dpia | responsibility.dpia | the data protection impact assessment, or `not required: why`
    GDPR Art. 35(3)(b) | DPIA-2024-07
transfer-tool | responsibility.transfer_tool | on what the data may leave the EEA
    GDPR Art. 44 to 49 | SCC 2021/914
contract | responsibility.contract | the contract under which the data are shared
    Data Act Art. 4(13), 8 | C-2024-17
trade-secret | responsibility.trade_secret | what is a trade secret and what protects it, or `none`
    Data Act Art. 4(6), 5(9) | none
licence | responsibility.licence | the licence, without which nobody may use open data again
    DCAT-AP, dct:license; house rule | CC-BY-4.0
publisher | about.publisher | who makes the data available, and how to reach them
    DCAT-AP, dct:publisher (recommended) | Hospital of Nowhere <office@hospital.example>
legislation | about.legislation | the law that makes the data available
    HealthDCAT-AP, dcatap:applicableLegislation (mandatory) | http://data.europa.eu/eli/reg/2025/327/oj
health-category | about.health_categories | the category of electronic health data (Art. 51)
    EHDS Art. 51(1); HealthDCAT-AP, healthCategory (mandatory) | EHRS
hdab | about.hdab | the health data access body that decides about applications, with its address
    EHDS Art. 55; HealthDCAT-AP, hdab with one contact point (mandatory) | Access Body <hdab@health.example>
structured | about.structured | whether the data have columns (filled from the data)
    HealthDCAT-AP, hasStructuredData (mandatory) | true
distribution | about.distributions | where the data can be had or asked for
    HealthDCAT-AP, dcat:distribution (mandatory) | Extract <https://hospital.example/apply> CSV
type | about.type | the type of dataset
    HealthDCAT-AP, dct:type (mandatory where not public) | STATISTICAL
provenance | about.provenance | how the data came about
    HealthDCAT-AP, dct:provenance (mandatory where not public) | From the hospital's billing system
custodian | about.custodian | the data holder, and how to reach them
    EHDS Art. 60; HealthDCAT-AP (recommended) | Hospital of Nowhere <data@hospital.example>
health-theme | about.health_themes | the subject within health
    HealthDCAT-AP (recommended) | HEALTH_SYSTEMS
purpose | about.purposes | what the data were collected for
    GDPR Art. 5(1)(b); HealthDCAT-AP (recommended) | scientific research
personal-data | about.personal_data | categories of personal data
    GDPR Art. 30(1)(c); HealthDCAT-AP (recommended) | age
coding-system | about.coding_systems | code systems used
    HealthDCAT-AP (recommended) | ICD-10
code-value | about.code_values | codes that the data hold
    HealthDCAT-AP (recommended) | I21
population | about.population | whom the data cover
    HealthDCAT-AP (recommended) | Inpatients in Arizona, 1991
min-age | about.min_age | the youngest age typical of it
    HealthDCAT-AP (recommended) | 18
max-age | about.max_age | the oldest age typical of it
    HealthDCAT-AP (recommended) | 99
spatial | about.spatial | the area that it covers
    DCAT-AP, dct:spatial (recommended) | BEL
temporal | about.temporal | the time that it covers
    DCAT-AP, dct:temporal (recommended) | 2020-01-01/2024-12-31
language | about.languages | languages of the data
    DCAT-AP, dct:language | en
frequency | about.frequency | how often it changes
    DCAT-AP, dct:accrualPeriodicity | annual
alternative | about.alternative | another title
    HealthDCAT-AP, dct:alternative | MedPAR
landing-page | about.landing_page | a page about it
    DCAT-AP, dcat:landingPage | https://hospital.example/data
conforms-to | about.conforms_to | a standard that it follows
    DCAT-AP, dct:conformsTo | https://www.hl7.org/fhir/
analytics | about.analytics | where figures about it can be read
    HealthDCAT-AP, analytics (recommended) | https://hospital.example/report
issued | about.issued | since when it is there
    DCAT-AP, dct:issued | 2024-01-15
modified | about.modified | when it last changed
    DCAT-AP, dct:modified | 2024-06-30
records | about.records | number of rows (filled from the data)
    HealthDCAT-AP, numberOfRecords | 1495
individuals | about.individuals | number of persons (filled from the data)
    HealthDCAT-AP, numberOfUniqueIndividuals | 1400
"""

_NEEDED: Mapping[When, str] = {
    always: "title description access contact controller",
    is_health: "identifier theme legislation health-category hdab structured distribution",
    is_closed_health: "keyword type provenance",
    is_personal: "data-protection-officer legal-basis retention",
    rests_on_law: "cited-law",
    is_personal_health: "ethics-vote dpia",
    has_vote: "ethics-expires",
    is_plant: "contract trade-secret",
    is_public: "licence",
}
"""When a record without the field cannot be published."""

_ADVISED: Mapping[When, str] = {
    always: "theme keyword publisher distribution spatial temporal",
    is_health: "custodian health-theme coding-system population min-age max-age",
    is_personal: "purpose personal-data",
}
"""When a record is the better for it."""

_WRONG: Mapping[str, Complaint] = {
    "theme": one_of(authorities.THEMES),
    "contact": reachable,
    "publisher": reachable,
    "hdab": reachable,
    "custodian": reachable,
    "legal-basis": term,
    "purpose": term,
    "temporal": interval,
    "ethics-expires": day,
    "issued": day,
    "modified": day,
    "legislation": address,
    "landing-page": address,
    "conforms-to": address,
    "analytics": address,
    "health-category": one_of(authorities.HEALTH_CATEGORIES),
    "type": one_of(authorities.TYPES),
    "health-theme": one_of(authorities.HEALTH_THEMES),
    "coding-system": one_of(authorities.CODING_SYSTEMS),
    "language": one_of(authorities.LANGUAGES),
    "frequency": one_of(authorities.FREQUENCIES),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `path` is its place in a `Dataset`; `what` completes `… is missing:`; `example` can be typed."""

    name: str
    path: str
    what: str
    clause: str
    example: str
    needed: When
    advised: When
    wrong: Complaint


def _asked(table: Mapping[When, str]) -> dict[str, When]:
    return {name: when for when, names in table.items() for name in names.split()}


def _fields() -> tuple[Field, ...]:
    needed, advised = _asked(_NEEDED), _asked(_ADVISED)
    lines = iter(_TABLE.strip().splitlines())
    fields = []
    for first, second in zip(lines, lines, strict=True):
        name, path, what = (part.strip() for part in first.split(" | "))
        clause, example = (part.strip() for part in second.split(" | "))
        rules = needed.get(name, never), advised.get(name, never), _WRONG.get(name, fine)
        fields.append(Field(name, path, what, clause, example, *rules))
    return tuple(fields)


FIELDS: tuple[Field, ...] = _fields()
BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}
