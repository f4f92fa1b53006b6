"""What runs a researcher's app: its modules from memory, its functions over the rows of one block.

Called in a confined copy of the guest, or, on made-up rows, on the researcher's own machine. Nothing of this package
is given to the app, and nothing of what it prints or raises is told.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

import numpy as np

from dataspace.adapters.duckdb.guest_job import AppFailed, Job, Vector, classes_of
from dataspace.model.own_apps import Uses
from dataspace.planning.own_apps import by_name, flat_of

MADE_UP = 40
"""Rows that an app is tried on before it sees any."""


class _Sources(MetaPathFinder, InspectLoader):
    """Finds the app's modules among its files, before any other."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if self._place(fullname) is None:
            return None
        return spec_from_loader(fullname, self, is_package=self.is_package(fullname))

    def get_source(self, fullname: str) -> str:
        place = self._place(fullname)
        if place is None:
            raise ImportError(fullname)
        return self._files[place]

    def is_package(self, fullname: str) -> bool:
        return (self._place(fullname) or "").endswith("/__init__.py")

    def _place(self, fullname: str) -> str | None:
        path = fullname.replace(".", "/")
        return next((p for p in (f"{path}.py", f"{path}/__init__.py") if p in self._files), None)


def run(job: Job, files: Mapping[str, str], arrays: Mapping[str, Any]) -> Vector:
    """Import the app and do the job over these rows: the difference of the weights, or a class for each row.

    Whatever the app raises, this raises; AppFailed where what it gives does not fit.
    """
    finder = _Sources(files)
    sys.meta_path.insert(0, finder)
    try:
        app = importlib.import_module(job.entry)
        x, y = np.asarray(arrays["x"], np.float64), np.asarray(arrays["y"], np.int64)
        flat = np.asarray(arrays["weights"], np.float64)
        if job.uses is Uses.TORCH:
            from dataspace.adapters.duckdb import guest_torch

            found = guest_torch.run(job, app, flat, x, y)
        else:
            found = _numpy(job, app, flat, x, y)
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if finder.find_spec(name, None)]:
            del sys.modules[name]
    wanted = len(x) if job.do == "score" else sum(weight.size for weight in job.weights)
    if found.shape != (wanted,) or not np.isfinite(found).all():
        raise AppFailed(f"{job.do}: {wanted} finite numbers were to come, and did not")
    return found


def made_up(features: int, classes: int, weights: Vector) -> dict[str, Any]:
    """Rows of nobody."""
    x = np.random.default_rng(0).normal(size=(MADE_UP, features))
    return {"x": x, "y": np.arange(MADE_UP) % classes, "weights": weights}


def _numpy(job: Job, app: ModuleType, flat: Vector, x: Vector, y: Any) -> Vector:
    given = {name: values.copy() for name, values in by_name(job.weights, flat).items()}
    if job.do == "score":
        return classes_of(app.scores(given, x), len(x), job.classes)
    settings = {
        "steps": job.steps,
        "batch": job.batch,
        "learning_rate": job.learning_rate,
        "seed": job.seed,
        "classes": job.classes,
    }
    try:
        after: Vector = flat_of(job.weights, app.train(given, x, y, settings))
    except (ValueError, AttributeError, TypeError) as error:
        raise AppFailed(str(error)) from error
    return np.asarray(after - flat, np.float64)
