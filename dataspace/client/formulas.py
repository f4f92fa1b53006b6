"""Formulas of the form `y ~ a + b`: a target and features, and no more than that."""

import re

from dataspace.errors import InvalidRequest

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_FORMULA = re.compile(rf"\s*({_NAME})\s*~\s*({_NAME}(?:\s*\+\s*{_NAME})*)\s*")
_ALLOWED = (
    "Write it as `target ~ feature + feature`; the intercept is always there, codes come from the dictionary."
)


def parse_formula(text: str) -> tuple[str, tuple[str, ...]]:
    """Target and features. Raises InvalidRequest for interactions, functions, `.`, `- 1` and all else."""
    found = _FORMULA.fullmatch(text)
    if found is None:
        raise InvalidRequest(f"The formula '{text}' has more than names and +.", _ALLOWED)
    target = found[1]
    features = tuple(name.strip() for name in found[2].split("+"))
    if len(set(features)) != len(features) or target in features:
        raise InvalidRequest(f"The formula '{text}' names a column twice.", _ALLOWED)
    return target, features
