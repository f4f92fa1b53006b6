"""A policy to edit, from one that comes with the package: another name, another dataset, the same comments."""

import re
from collections.abc import Mapping

from dataspace.adapters.packaged_policies import policy_names, policy_text, scenarios_text
from dataspace.errors import InvalidRequest, UnknownName
from dataspace.model.names import dataset_name, site_name


def filled_in(template: str, name: str, dataset: str = "") -> Mapping[str, str]:
    """Two files by name: the policy and its scenarios. Raises UnknownName and InvalidRequest."""
    if template not in policy_names():
        raise UnknownName("template", template, policy_names(), "`dataspace policy new list` shows them.")
    try:
        site_name(name)
        if dataset:
            dataset_name(dataset)
    except ValueError as error:
        raise InvalidRequest(
            f"'{(dataset or name)[:60]}' cannot be a name.",
            "A policy's has lower-case letters, digits and -; a dataset's has _ instead of -.",
        ) from error
    policy, scenarios = policy_text(template), scenarios_text(template)
    target = re.search(r"^on: ([a-z][a-z0-9_]*)\s*(?:#.*)?$", policy, re.MULTILINE)
    if dataset and target is None:
        raise InvalidRequest(f"'{template}' speaks of a label, not of one dataset.", "Leave --on out.")
    pairs = [
        (rf"(?<![\w-]){re.escape(template)}(?=/)", name),
        (rf"^policy: {re.escape(template)}$", f"policy: {name}"),
    ]
    if dataset and target is not None:
        pairs.append((rf"(?<=on: ){target[1]}(?![\w-])", dataset))
        pairs.append((rf'(?<=apply\("){target[1]}(?=")', dataset))
    for pattern, word in pairs:
        policy = re.sub(pattern, word, policy, flags=re.MULTILINE)
        scenarios = re.sub(pattern, word, scenarios, flags=re.MULTILINE)
    return {f"{name}.yaml": policy, f"{name}.scenarios.yaml": scenarios}
