"""Which shipped policies and dictionaries the demo puts in force, and where."""

from importlib.resources import files

HUB_POLICIES = ("ehds", "gdpr-health", "hub-medpar-extract", "hub-medpar", "plant-telemetry")
SITE_POLICIES = {
    "hospital-a": ("ehds", "gdpr-health", "hospital"),
    "hospital-b": ("ehds", "gdpr-health", "hospital"),
    "hospital-c": ("ehds", "gdpr-health", "hospital"),
    "hospital-d": ("ehds", "gdpr-health", "hospital-no-training"),
    "plant-1": ("plant-telemetry",),
}


def dictionary_text(name: str) -> str:
    """One dictionary as shipped in the wheel."""
    return (files("dataspace_policies") / "dictionaries" / f"{name}.yaml").read_text(encoding="utf-8")
