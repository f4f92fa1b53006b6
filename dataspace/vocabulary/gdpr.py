"""Legal bases and the status of an impact assessment under the GDPR.

Sources: Regulation (EU) 2016/679, Articles 6(1), 9(2) and 35; DPV 2.3, https://w3id.org/dpv/legal/eu/gdpr, modules
`legal_basis`, `legal_basis_special` and `dpia`. One line a term: name | label | broader terms within this list.
"""

from collections.abc import Mapping

LEGAL_BASES = """
gdpr:A6-1-a | Art. 6(1)(a) consent
gdpr:A6-1-b | Art. 6(1)(b) contract
gdpr:A6-1-c | Art. 6(1)(c) legal obligation
gdpr:A6-1-d | Art. 6(1)(d) vital interests
gdpr:A6-1-e | Art. 6(1)(e) public interest or official authority
gdpr:A6-1-e-official-authority | Art. 6(1)(e) official authority | gdpr:A6-1-e
gdpr:A6-1-e-public-interest | Art. 6(1)(e) public interest | gdpr:A6-1-e
gdpr:A6-1-f | Art. 6(1)(f) legitimate interest
gdpr:A9-2-a | Art. 9(2)(a) explicit consent
gdpr:A9-2-b | Art. 9(2)(b) employment and social protection law
gdpr:A9-2-c | Art. 9(2)(c) vital interests
gdpr:A9-2-d | Art. 9(2)(d) legitimate activities
gdpr:A9-2-e | Art. 9(2)(e) data made public
gdpr:A9-2-f | Art. 9(2)(f) judicial process
gdpr:A9-2-g | Art. 9(2)(g) substantial public interest
gdpr:A9-2-h | Art. 9(2)(h) health and medicine
gdpr:A9-2-i | Art. 9(2)(i) public health
gdpr:A9-2-j | Art. 9(2)(j) research and statistics
"""

DPIA = """
gdpr:DPIANecessityStatus | DPIA Necessity Status
gdpr:DPIARequired | DPIA Required | gdpr:DPIANecessityStatus
gdpr:DPIANotRequired | DPIA Not Required | gdpr:DPIANecessityStatus
gdpr:DPIAOutcomeStatus | DPIA Outcome Status
gdpr:DPIAOutcomeRisksMitigated | DPIA Outcome Risks Mitigated | gdpr:DPIAOutcomeStatus
gdpr:DPIAOutcomeRisksAcceptable | DPIA Outcome Risks Acceptable | gdpr:DPIAOutcomeStatus
gdpr:DPIAOutcomeHighResidualRisk | DPIA Outcome High Residual Risk | gdpr:DPIAOutcomeStatus
gdpr:DPIAOutcomeDPAConsultation | DPIA Outcome DPA Consultation | gdpr:DPIAOutcomeStatus
"""

_LETTERS = {"6(1)": "abcdef", "9(2)": "abcdefghij"}

ALIASES: Mapping[str, str] = {
    spelling: f"gdpr:A{article[0]}-{article[2]}-{letter}"
    for article, letters in _LETTERS.items()
    for letter in letters
    for spelling in (f"Art. {article}({letter})", f"Article {article}({letter})")
}

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Art. 6 basis": tuple(f"gdpr:A6-1-{letter}" for letter in "abcdef"),
    # Of Art. 9(2), those on which secondary use of health data can rest.
    "Art. 9 basis": tuple(f"gdpr:A9-2-{letter}" for letter in "aghij"),
}
