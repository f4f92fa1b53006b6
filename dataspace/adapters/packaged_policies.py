"""The policies that come with the package `dataspace_policies`: each a page of YAML, with its scenarios beside it."""

from importlib.resources import files

_SCENARIOS = ".scenarios"


def policy_names() -> tuple[str, ...]:
    """Names of the policies, sorted."""
    found = (entry.name for entry in files("dataspace_policies").iterdir())
    texts = (name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))
    return tuple(sorted(name for name in texts if not name.endswith(_SCENARIOS)))


def policy_text(name: str) -> str:
    """One policy as written. Raises FileNotFoundError."""
    return (files("dataspace_policies") / f"{name}.yaml").read_text(encoding="utf-8")


def scenarios_text(name: str) -> str:
    """The scenarios beside one policy, as written. Raises FileNotFoundError."""
    return policy_text(name + _SCENARIOS)
