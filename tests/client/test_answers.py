"""How answers read: withheld cells, noise, masks and receipts, in text and in HTML."""

import io
import json
from typing import Any

import httpx
import pyarrow as pa
import pytest

from dataspace.client.answers import Answer
from dataspace.client.proofs import LogView, Verifier
from dataspace.client.wire import Wire
from dataspace.errors import SourceError
from dataspace.model.answers import AnswerNote, Suppressed
from dataspace.model.codec import to_json
from dataspace.model.policies import AnswerKind


def never(*_: Any) -> Any:
    raise AssertionError("a receipt was fetched that nobody asked for")


def silent_log() -> LogView:
    client = httpx.Client(base_url="http://localhost", transport=httpx.MockTransport(never))
    return LogView(Wire(client, lambda: "", "test"), Verifier(never, never, never))


def answer(columns: dict[str, list[Any]], note: AnswerNote, outcome: int | None = 19) -> Answer:
    table = pa.table(columns).replace_schema_metadata({"dataspace": json.dumps(to_json(note))})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Answer(sink.getvalue(), silent_log(), outcome)


SUPPRESSED = answer(
    {"type": [1, 2, 3], "n": [1234, None, None]},
    AnswerNote(AnswerKind.AGGREGATE, suppressed=(Suppressed(1, "n"), Suppressed(2, "n"))),
)
NOISY = answer(
    {"deaths": [272.2], "low": [265.0], "high": [279.0]},
    AnswerNote(
        AnswerKind.NOISY,
        intervals={"deaths": ("low", "high")},
        epsilon=0.4,
        left=0.6,
        rules=("Noise, by the rule.",),
    ),
)
ROWS = answer(
    {"provnum": ["9f2a", "<b>x</b>"], "los": [3, None]},
    AnswerNote(
        AnswerKind.ROWS,
        masked={"medpar.provnum": "pseudonym of this permit"},
        filtered=("medpar.los",),
        intent=7,
    ),
    outcome=None,
)


def test_a_withheld_cell_is_a_star_with_a_footnote() -> None:
    assert repr(SUPPRESSED) == (
        "type      n\n"
        "   1  1,234\n"
        "   2      *\n"
        "   3      *\n"
        "* withheld: 2, too small or would reveal one that is\n"
        "receipt r-19: .receipt.verify()"
    )


def test_a_noisy_number_shows_its_interval_its_cost_and_what_is_left() -> None:
    assert repr(NOISY) == (
        "     deaths\n"
        "272.2 ± 7.0\n"
        "Noise, by the rule.\n"
        "± is a 95 % interval of the noise · ε 0.4 spent · 0.6 left\n"
        "receipt r-19: .receipt.verify()"
    )


def test_a_question_that_was_asked_before_says_that_nothing_was_spent() -> None:
    repeated = answer({"n": [1.0]}, AnswerNote(AnswerKind.NOISY, repeated=True))
    assert "asked before, nothing spent" in repr(repeated)


def test_masked_and_filtered_columns_are_named_and_a_null_is_empty() -> None:
    assert repr(ROWS) == (
        "provnum   los\n"
        "9f2a        3\n"
        "<b>x</b>\n"
        "masked: medpar.provnum (pseudonym of this permit)\n"
        "rows filtered by medpar.los\n"
        "receipt of intent 7: .receipt.verify()"
    )


def test_html_escapes_data() -> None:
    html = ROWS._repr_html_()
    assert "<b>x" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_long_answers_are_cut_in_the_picture_and_whole_in_the_data() -> None:
    long = answer({"n": list(range(1000))}, AnswerNote(AnswerKind.ROWS))
    assert "… 970 more rows" in repr(long)
    assert len(long.to_pylist()) == len(long) == 1000


def test_an_answer_gives_itself_to_the_usual_libraries() -> None:
    assert SUPPRESSED.to_arrow().column_names == ["type", "n"]
    assert SUPPRESSED.to_pandas()["n"].isna().sum() == 2
    assert SUPPRESSED.to_polars()["n"].null_count() == 2


def test_a_stream_that_broke_off_is_not_an_answer() -> None:
    with pytest.raises(SourceError, match="whole Arrow stream"):
        Answer(b"\xff\xff\xff\xff0", silent_log()).to_arrow()


def test_an_answer_without_its_note_is_refused() -> None:
    sink = io.BytesIO()
    table = pa.table({"n": [1]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(SourceError, match="without its note"):
        repr(Answer(sink.getvalue(), silent_log()))
