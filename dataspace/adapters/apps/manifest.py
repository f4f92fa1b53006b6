"""What an app says of itself, from its `pyproject.toml`: `[project]` and `[tool.dataspace.app]`."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from dataspace.errors import InvalidRequest
from dataspace.model.own_apps import CLASSES, FEATURES, DeclaredWeight, Manifest, Start, Uses

FILE = "pyproject.toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WEIGHT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,199}")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
LARGEST_SIDE = 500_000


def read_manifest(files: Mapping[str, str]) -> Manifest:
    """Raises InvalidRequest with the first thing that is missing or wrong, and what to write."""
    try:
        document = tomllib.loads(files[FILE])
    except KeyError as error:
        raise InvalidRequest(f"The app has no {FILE}.", "docs/how-to/train-own-code.md shows one.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{FILE} cannot be read: {error}.", "Mend that line.") from error
    project = _table(document, "project")
    app = _table(_table(_table(document, "tool"), "dataspace"), "app")
    entry = _text(app, "entry")
    path = entry.replace(".", "/")
    if not _MODULE.fullmatch(entry) or not {f"{path}.py", f"{path}/__init__.py"} & set(files):
        raise InvalidRequest(
            f"{FILE}: 'entry' names no module of the app.", "Name one of its files, without .py."
        )
    weights = app.get("weights")
    if not isinstance(weights, list) or not weights:
        raise InvalidRequest(f"{FILE}: no weights are declared.", "Add [[tool.dataspace.app.weights]].")
    return Manifest(
        _matching(project, "name", _NAME),
        _matching(project, "version", _NAME),
        _licence(project),
        _one_of(Uses, _text(app, "uses"), "uses"),
        entry,
        tuple(_weight(weight) for weight in weights),
        str(project.get("description", ""))[:500],
    )


def _weight(said: Any) -> DeclaredWeight:
    if not isinstance(said, dict) or set(said) - {"name", "shape", "start"}:
        raise InvalidRequest(
            f"{FILE}: weights have `name`, `shape` and `start`, and nothing else.", "Mend that."
        )
    name, sides = _matching(said, "name", _WEIGHT), said.get("shape")
    if not isinstance(sides, list) or not sides or not all(_side(side) for side in sides):
        raise InvalidRequest(
            f'{FILE}: the shape of \'{name}\' is no list of numbers above 0, "{FEATURES}" and "{CLASSES}".',
            f'Write, say, shape = [16, "{FEATURES}"].',
        )
    usual = Start.ZEROS if len(sides) == 1 else Start.FAN_IN
    return DeclaredWeight(
        name, tuple(map(str, sides)), _one_of(Start, str(said.get("start", usual)), "start")
    )


def _side(side: Any) -> bool:
    whole = isinstance(side, int) and not isinstance(side, bool)
    return 0 < side <= LARGEST_SIDE if whole else side in (FEATURES, CLASSES)


def _licence(project: Mapping[str, Any]) -> str:
    said = project.get("license")
    found = said.get("text") if isinstance(said, dict) else said
    if not isinstance(found, str) or not found.strip():
        raise InvalidRequest(f"{FILE}: no licence.", 'Write, say, license = "Apache-2.0" below [project].')
    return found.strip()[:100]


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    if not isinstance(found, dict):
        raise InvalidRequest(f"{FILE} has no table '{name}'.", "It needs [project] and [tool.dataspace.app].")
    return found


def _text(table: Mapping[str, Any], name: str) -> str:
    found = table.get(name)
    if not isinstance(found, str) or not found:
        raise InvalidRequest(
            f"{FILE}: '{name}' is missing.", "docs/how-to/train-own-code.md shows all that is needed."
        )
    return found


def _matching(table: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    found = _text(table, name)
    if not form.fullmatch(found):
        raise InvalidRequest(
            f"{FILE}: '{name}' has other characters than letters, digits, '.', '_' and '-'.", "Mend it."
        )
    return found


def _one_of(kind: Any, said: str, name: str) -> Any:
    try:
        return kind(said)
    except ValueError as error:
        known = ", ".join(kind)
        raise InvalidRequest(f"{FILE}: '{name}' is none of: {known}.", "Choose one.") from error
