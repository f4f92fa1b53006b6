"""Local codes to those of a dictionary: as a steward declares them, and how a column is read by them."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from dataspace.errors import InvalidRequest
from dataspace.model import code_maps
from dataspace.model.curation import MapCodes


def codes_said(text: str) -> tuple[str, code_maps.Pairs]:
    """The column, and what its codes mean; raises InvalidRequest for what cannot be read."""
    try:
        return code_maps.read(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"'{text[:60]}' says nothing of codes.", "Write COLUMN=HERE:CODE,HERE:CODE, each code once."
        ) from error


def folded(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Without case, blanks around, and zeros before a number: ` 02` is `2`, `URGENT` is `urgent`."""
    bare = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return pc.replace_substring_regex(bare, "^0+([0-9])", r"\1")


def with_codes(texts: pa.ChunkedArray, step: MapCodes) -> pa.ChunkedArray:
    """The texts by the step: a code that it names as it stands; else, loosely, one that it names alike; else itself."""
    here, codes = zip(*step.codes, strict=True)
    found = _looked_up(texts, pa.array(here, pa.string()), codes)
    if not step.loosely:
        return pc.coalesce(found, texts)
    alike = unambiguous(step.codes)
    again = _looked_up(folded(texts), pa.array(list(alike), pa.string()), list(alike.values()))
    # What is a code as it stands is not read as another one that only looks like it.
    own = pc.if_else(pc.is_in(texts, value_set=pa.array(codes, pa.string())), texts, None)
    return pc.coalesce(found, own, again, texts)


def unambiguous(pairs: code_maps.Pairs) -> dict[str, str]:
    """What each folded code means, where all that fold alike mean the same."""
    meant: dict[str, set[str]] = {}
    for form, (_, code) in zip(folded(pa.array([here for here, _ in pairs])).to_pylist(), pairs, strict=True):
        meant.setdefault(form, set()).add(code)
    return {form: codes.pop() for form, codes in meant.items() if len(codes) == 1}


def _looked_up(texts: pa.ChunkedArray, here: pa.Array, codes: Sequence[str]) -> pa.ChunkedArray:
    return pc.take(pa.array(codes, pa.string()), pc.index_in(texts, value_set=here))
