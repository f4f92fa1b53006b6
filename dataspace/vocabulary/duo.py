"""The Data Use Ontology: all 25 terms, with what each needs besides its code.

Source: Data Use Ontology, http://purl.obolibrary.org/obo/duo.owl (CC BY 4.0), version of 2021-02-23. One line a term:
code | shorthand | label | what has to be said with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_TABLE = """
DUO:0000001 | | data use permission |
DUO:0000004 | NRES | no restriction |
DUO:0000006 | HMB | health or medical or biomedical research |
DUO:0000007 | DS | disease specific research | a disease, such as MONDO:0005148
DUO:0000011 | POA | population origins or ancestry research only |
DUO:0000012 | RS | research specific restrictions | a purpose
DUO:0000015 | NMDS | no general methods research |
DUO:0000016 | GSO | genetic studies only |
DUO:0000017 | | data use modifier |
DUO:0000018 | NPUNCU | not for profit, non commercial use only |
DUO:0000019 | PUB | publication required |
DUO:0000020 | COL | collaboration required |
DUO:0000021 | IRB | ethics approval required |
DUO:0000022 | GS | geographical restriction | countries, such as DE,FR or EEA
DUO:0000024 | MOR | publication moratorium | a date
DUO:0000025 | TS | time limit on use | a date or a number of months
DUO:0000026 | US | user specific restriction | persons, such as ana, ben
DUO:0000027 | PS | project specific restriction | a project
DUO:0000028 | IS | institution specific restriction | an institution
DUO:0000029 | RTN | return to database or resource |
DUO:0000042 | GRU | general research use |
DUO:0000043 | CC | clinical care use |
DUO:0000044 | NPOA | population origins or ancestry research prohibited |
DUO:0000045 | NPU | not for profit organisation use only |
DUO:0000046 | NCU | non-commercial use only |
"""


@dataclass(frozen=True, slots=True)
class DuoTerm:
    """One term. `shorthand` is empty for the two headings; `needs` says what a code is incomplete without."""

    code: str
    shorthand: str
    label: str
    needs: str


def _terms() -> tuple[DuoTerm, ...]:
    lines = (line.split("|") for line in _TABLE.strip().splitlines())
    return tuple(DuoTerm(*(part.strip() for part in line)) for line in lines)


TERMS = _terms()
BY_CODE: Mapping[str, DuoTerm] = {term.code: term for term in TERMS}
BY_SHORTHAND: Mapping[str, DuoTerm] = {term.shorthand: term for term in TERMS if term.shorthand}
