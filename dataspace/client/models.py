"""A fitted model that predicts by itself: no engine, no hub, no library; and a file that keeps it."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataspace.errors import InvalidRequest

FORMAT = "dataspace-model/1"
Row = Mapping[str, Any]
Rows = Any
"""Mappings by column, or what has `to_pylist` (Arrow) or `to_dict` (pandas) or `to_dicts` (polars)."""


@dataclass(frozen=True, slots=True, repr=False)
class Model:
    """A model as it was fitted. `document` is all of it, as JSON."""

    document: Mapping[str, Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Model":
        """From its document. Raises InvalidRequest for one of another format."""
        if document.get("format") != FORMAT:
            raise InvalidRequest(
                "This is no model of a federated fit.", f"It says format {FORMAT} where it is one."
            )
        return cls(document)

    @classmethod
    def load(cls, path: str | Path) -> "Model":
        """From a file that `save` wrote. Raises InvalidRequest."""
        try:
            document = json.loads(Path(path).read_text())
        except (OSError, ValueError) as error:
            raise InvalidRequest(
                f"'{path}' cannot be read as a model.", "Name a file that `save` wrote."
            ) from error
        return cls.of(document if isinstance(document, dict) else {})

    def save(self, path: str | Path) -> None:
        """Write it as JSON. Raises InvalidRequest where the file cannot be written."""
        try:
            Path(path).write_text(json.dumps(self.document, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise InvalidRequest(
                f"'{path}' cannot be written ({error.strerror}).", "Name another file."
            ) from error

    @property
    def classes(self) -> tuple[Any, ...]:
        """What the target may be, the reference first."""
        return tuple(self.document["classes"])

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that it looks at."""
        return tuple(self.document["features"])

    @property
    def weights(self) -> Mapping[str, Any]:
        """Of an own app: its arrays by name, as nested lists, for `load_state_dict` or for numpy. Raises InvalidRequest
        for a model of another family, which predicts by itself."""
        if self.document["family"] != "app":
            raise InvalidRequest("Only a model of an own app has weights by name.", "Use `predict`.")
        found: Mapping[str, Any] = self.document["weights"]
        return found

    def design(self, rows: Rows) -> list[list[float]]:
        """What an own app was given of such rows: indicators and scaled numbers, without the intercept."""
        return [self._design(row)[1:] for row in _mappings(rows)]

    def predict(self, rows: Rows) -> list[Any]:
        """The most probable class of each row."""
        return [self.classes[max(range(len(p)), key=p.__getitem__)] for p in self.probabilities(rows)]

    def probabilities(self, rows: Rows) -> list[list[float]]:
        """How probable each class is, in the order of `classes`. Raises InvalidRequest for a row that lacks a value or
        has a code that is not declared."""
        return [self._row(row) for row in _mappings(rows)]

    def _row(self, row: Row) -> list[float]:
        said = self.document
        if said["family"] == "app":
            raise InvalidRequest(
                "This model is of an own app, whose code is not here.",
                "Give its `weights` and the `design` of the rows to the app's module.",
            )
        values = self._design(row)
        if said["family"] == "trees":
            return _softmax([0.0, self._margin(self._binned(values))])
        for matrix in said["layers"][:-1]:
            values = [1.0, *(math.tanh(score) for score in _product(values, matrix))]
        return _softmax([0.0, *_product(values, said["layers"][-1])])

    def _design(self, row: Row) -> list[float]:
        """The columns as the fit saw them: the intercept, indicators, numbers; then centred and scaled."""
        values = [1.0]
        for name in self.features:
            codes = self.document["categorical"].get(name)
            said = row.get(name)
            if codes:
                if said not in codes:
                    raise InvalidRequest(
                        f"'{name}' has a code that is not declared.", f"Known: {_listed(codes)}."
                    )
                values += [float(said == code) for code in codes[1:]]
            else:
                values.append(_number(name, said))
        centre, width = self.document.get("centre"), self.document.get("width")
        if centre is None or width is None:
            return values
        return [(value - c) / w for value, c, w in zip(values, centre, width, strict=True)]

    def _binned(self, values: Sequence[float]) -> list[float]:
        bins, bounds = self.document["bins"], self.document["bounds"]
        found, at = list(values), 1
        for name in self.features:
            codes = self.document["categorical"].get(name)
            if codes:
                at += len(codes) - 1
                continue
            lower, upper = bounds[name]
            found[at] = min(bins - 1, max(0, math.floor((values[at] - lower) / (upper - lower) * bins)))
            at += 1
        return found

    def _margin(self, values: Sequence[float]) -> float:
        total, nodes = 0.0, self.document["trees"]
        starts = [at for at, node in enumerate(nodes) if at == 0 or node[0] != nodes[at - 1][0]]
        for start in starts:
            node = nodes[start]
            while node[1] >= 0:
                node = nodes[start + int(node[3] if values[int(node[1])] < node[2] else node[4])]
            total += node[5]
        return total

    def __repr__(self) -> str:
        said = self.document
        return f"<{said['family']} model of {said['target']} ~ {' + '.join(self.features)}>"


def _mappings(rows: Rows) -> Iterable[Row]:
    for name, arguments in (("to_pylist", ()), ("to_dicts", ()), ("to_dict", ("records",))):
        if hasattr(rows, name):
            found: Iterable[Row] = getattr(rows, name)(*arguments)
            return found
    return [rows] if isinstance(rows, Mapping) else rows


def _number(name: str, value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"'{name}' is not a number in every row.", "Leave such rows out.") from error
    if not math.isfinite(found):
        raise InvalidRequest(f"'{name}' is missing in some row.", "Leave such rows out.")
    return found


def _product(values: Sequence[float], matrix: Sequence[Sequence[float]]) -> list[float]:
    return [sum(v * row[at] for v, row in zip(values, matrix, strict=True)) for at in range(len(matrix[0]))]


def _softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    grown = [math.exp(score - top) for score in scores]
    total = sum(grown)
    return [value / total for value in grown]


def _listed(codes: Sequence[Any]) -> str:
    return ", ".join(map(str, codes))
