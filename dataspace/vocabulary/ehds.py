# ruff: noqa: E501 - a table is read line by line, one line a term
"""Secondary use under the European Health Data Space: purposes, and the two lists of Articles 53 and 54.

Sources: Regulation (EU) 2025/327, Articles 53(1) and 54; DPV 2.3, https://w3id.org/dpv/legal/eu/ehds, module
`purposes`. One line a term: name | label | broader terms. In DPV the training of algorithms is no kind of
scientific research (in the Regulation it stands under Art. 53(1)(e)): who needs both has to name both.
"""

from collections.abc import Mapping

_HEALTH = """
health:HealthcareScientificResearch | Healthcare Scientific Research | dpv:ScientificResearch
health:DevelopPublicHealthProductsAndServices | Develop Public Health Products and Services | dpv:ResearchAndDevelopment
health:TrainTestAndEvaluateHealthAlgorithms | Train, Test and Evaluate Health-related Algorithms | dpv:Purpose
health:TrainTestAndEvaluateAISystemsAlgorithms | Train, Test and Evaluate AI Systems Algorithms | health:TrainTestAndEvaluateHealthAlgorithms
health:TrainTestAndEvaluateHealthAppsAlgorithms | Train, Test and Evaluate Health Apps Algorithms | health:TrainTestAndEvaluateHealthAlgorithms
health:TrainTestAndEvaluateMedicalDevicesAlgorithms | Train, Test and Evaluate Medical Devices Algorithms | health:TrainTestAndEvaluateHealthAlgorithms
health:PublicInterestRelatedToHealth | Public Interest related to Health | dpv:Purpose
health:PublicHealthSurveillance | Public Health Surveillance | health:PublicInterestRelatedToHealth
health:ProtectAgainstCrossBorderThreatsToHealth | Protect against Cross-border Threats to Health | health:PublicInterestRelatedToHealth
health:EnsureQualitySafetyHealthcare | Ensure Quality and Safety of Healthcare | health:PublicInterestRelatedToHealth
health:EnsureQualitySafetyMedicalDevices | Ensure Quality and Safety of Medical Devices | health:PublicInterestRelatedToHealth
health:EnsureQualitySafetyMedicinalProducts | Ensure Quality and Safety of Medicinal Products | health:PublicInterestRelatedToHealth
health:ProvideHealthcareOfficialStatistics | Provide Healthcare Official Statistics | dpv:ProvideOfficialStatistics
health:PublicPolicyMaking | Public Policy Making | dpv:PublicPolicyMaking
health:SupportAuthoritiesRegulatoryActivities | Support Authorities in Regulatory Activities | dpv:LegalCompliance
health:ImproveHealthcare | Improve Healthcare | dpv:ImproveHealthcare
health:ImproveHealthcareEducation | Improve Healthcare Education | dpv:ImprovePublicServices
"""

# Each term of the EHDS extension is a kind of the health sector's term of the same name.
_EHDS = "\n".join(
    f"{name.replace('health:', 'ehds:')} | {label} | {name}"
    for name, label, _ in (line.split(" | ") for line in _HEALTH.strip().splitlines())
)

PURPOSES = _EHDS + _HEALTH

ALIASES: Mapping[str, str] = {
    "train AI systems": "ehds:TrainTestAndEvaluateAISystemsAlgorithms",
    "AI training": "ehds:TrainTestAndEvaluateAISystemsAlgorithms",
    "train algorithms": "health:TrainTestAndEvaluateHealthAlgorithms",
    "health research": "ehds:HealthcareScientificResearch",
    "public health": "ehds:PublicInterestRelatedToHealth",
    "health statistics": "ehds:ProvideHealthcareOfficialStatistics",
    "medical education": "ehds:ImproveHealthcareEducation",
}

ARTICLE_53: Mapping[str, tuple[str, ...]] = {
    "a": ("health:PublicInterestRelatedToHealth",),
    "b": ("health:PublicPolicyMaking", "health:SupportAuthoritiesRegulatoryActivities"),
    "c": ("health:ProvideHealthcareOfficialStatistics",),
    "d": ("health:ImproveHealthcareEducation",),
    "e": (
        "health:HealthcareScientificResearch",
        "health:DevelopPublicHealthProductsAndServices",
        "health:TrainTestAndEvaluateHealthAlgorithms",
    ),
    "f": ("health:ImproveHealthcare",),
}
"""Purposes of Art. 53(1) by letter; (a) to (c) are reserved for public bodies (Art. 53(2))."""

ARTICLE_54: Mapping[str, tuple[str, ...]] = {
    "a": ("ds:DecisionAgainstPerson",),
    "b": (
        "ds:JobDecision",
        "dpv:PersonnelManagement",
        "ds:InsuranceDecision",
        "health:InsuranceManagement",
        "ds:CreditDecision",
        "dpv:CustomerSolvencyMonitoring",
    ),
    "c": ("dpv:Marketing",),
    "d": ("ds:HarmfulProductDevelopment",),
    "e": ("ds:ActivityAgainstNationalEthics",),
}
"""Uses of Art. 54 by letter, refused whatever a policy says: decisions to a person's detriment; job offers, insurance
and credit; advertising and marketing; harmful products; activities against national ethics rules."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "purposes of Art. 53": tuple(name for names in ARTICLE_53.values() for name in names),
    "purposes for public bodies": tuple(name for letter in "abc" for name in ARTICLE_53[letter]),
    "uses of Art. 54": tuple(name for names in ARTICLE_54.values() for name in names),
}
