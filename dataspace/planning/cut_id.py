"""The name of a cut: a hash of everything that decides what is in it."""

from dataclasses import replace

from dataspace.model.codec import to_json
from dataspace.model.names import CutId
from dataspace.model.plans import CutRecipe
from dataspace.transparency.canonical import digest


def cut_id(recipe: CutRecipe, engine_version: str) -> CutId:
    """SHA-256 over the canonical JSON of the recipe and the version of the engine that materialises it.

    Two permits with equal recipes share one cut. Raises ValueError for a recipe that JSON cannot carry unchanged.
    """
    return CutId(digest({"engine": engine_version, "recipe": to_json(recipe)}))


def rows_id(recipe: CutRecipe) -> str:
    """The name of the rows of a cut and of their values, whatever columns are left out of it."""
    return digest(to_json(replace(recipe, columns=())))
