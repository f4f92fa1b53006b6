"""What travels beside the numbers of an answer: the note in the Arrow schema, and the digest in the record."""

import hashlib
import json
from dataclasses import replace

import pyarrow as pa

from dataspace.model.answers import AnswerNote
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Dataset
from dataspace.model.plans import CutRecipe
from dataspace.model.policies import Mask, MaskKind, Obligations
from dataspace.model.predicates import columns_of
from dataspace.policy.explain import duty_lines

NOTE_KEY = b"dataspace"


def with_note(schema: pa.Schema, note: AnswerNote) -> pa.Schema:
    """The schema with the note as JSON under `dataspace` in its metadata."""
    return schema.with_metadata({**(schema.metadata or {}), NOTE_KEY: json.dumps(to_json(note)).encode()})


def read_note(table: pa.Table) -> AnswerNote:
    """The note of a table; raises ValueError where it has none."""
    metadata = table.schema.metadata or {}
    if NOTE_KEY not in metadata:
        raise ValueError("this table carries no note: it is not an answer")
    return from_json(AnswerNote, json.loads(metadata[NOTE_KEY]))


def note_of_cut(note: AnswerNote, recipe: CutRecipe, dataset: Dataset) -> AnswerNote:
    """The note with what this cut hides: the columns its filter looks at, and how columns are masked."""
    filtered = tuple(sorted(f"{dataset.name}.{column}" for column in columns_of(recipe.row_filter)))
    masked = {f"{dataset.name}.{column}": mask_words(mask) for column, mask in recipe.masks.items()}
    return replace(note, filtered=note.filtered + filtered, masked={**note.masked, **masked})


def note_of_duties(note: AnswerNote, obligations: Obligations) -> AnswerNote:
    """The note with what is owed once the answer has left: retention, no onward sharing, attribution, other duties."""
    owed = tuple(f"Owed: {line}" for line in duty_lines(obligations))
    return replace(note, rules=(*note.rules, *(line for line in owed if line not in note.rules)))


def mask_words(mask: Mask) -> str:
    """A mask in words that a reader of the answer understands."""
    match mask.kind:
        case MaskKind.NULL:
            return "removed"
        case MaskKind.HASH:
            return "pseudonym of this permit"
        case MaskKind.GENERALISE:
            return f"generalised to {mask.width:g}"
        case MaskKind.CONSTANT:
            return "replaced by a constant"


def table_digest(table: pa.Table) -> str:
    """SHA-256, in hex, of the answer's values and column names, whatever batches they came in.

    Over the Arrow IPC stream of one combined batch without metadata, so that whoever holds the answer can recompute
    it and compare it with the receipt.
    """
    plain = table.replace_schema_metadata(None).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return hashlib.sha256(sink.getvalue()).hexdigest()
