"""What the demo's steward says of its datasets, so that each record is a complete one of its kind.

The bodies are invented, and say so; the data are public teaching data.
"""

from collections.abc import Mapping

FIELDS: dict[str, str | list[str]] = {
    "domain": "health",
    "controller": "Hospital of Nowhere (demo)",
    "contact": "Data desk (demo) <data@hospital.example>",
    "data-protection-officer": "Data protection officer (demo) <dpo@hospital.example>",
    "legal-basis": ["A6-1-e", "A9-2-j"],
    "cited-law": "Research Data Act of Nowhere (demo)",
    "retention": "1991-01-01/2036-12-31",
    "ethics-vote": "not required: public teaching data",
    "dpia": "not required: public teaching data",
    "health-category": "EHRS",
    "hdab": "Health Data Access Body of Nowhere (demo) <hdab@health.example>",
    "type": "STATISTICAL",
    "provenance": "Medicare stays in Arizona, 1991, as published with a statistics textbook",
    "spatial": "USA",
    "temporal": "1991-01-01/1991-12-31",
    "population": "Inpatients of Medicare in Arizona, 1991",
}

STAYS: Mapping[str, str | list[str]] = FIELDS | {
    "theme": "health",
    "keyword": ["hospital stay", "mortality", "Medicare"],
    "description": "Held by the hospitals (demo); each row is one stay, Arizona 1991.",
}
"""Of the stays that the hospitals hold themselves."""

MACHINES: Mapping[str, str | list[str]] = {
    "domain": "plant",
    "description": "Held by the plants (demo); each row is one machine. SYNTHETIC, after AI4I 2020.",
    "theme": "technology",
    "keyword": ["machine", "predictive maintenance"],
    "controller": "Works of Nowhere (demo)",
    "contact": "Plant data (demo) <data@works.example>",
    "contract": "C-2026-1 (demo)",
    "trade-secret": "none",
}
"""Of the machines that the plants hold."""
