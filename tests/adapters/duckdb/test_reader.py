"""What is understood of a question, and how a refusal helps."""

from dataclasses import replace

import pytest

from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.errors import UnknownName, UnsupportedQuery
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import Function, Key, Measure
from dataspace.model.predicates import All, AnyOf, Comparator, Compare, IsNull, Not, OneOf, Predicate

MEDPAR = DatasetName("medpar")
PERSON, TYPE, DIED, LOS, NOTE = (ColumnName(n) for n in ("person", "type", "died", "los", "note"))
GROUPED = (Key(TYPE, (1, 2, 3)), Key(DIED, (False, True)))
COUNT = Measure(Function.COUNT, None, "count")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT type, died, count(*) FROM medpar GROUP BY type, died",
        "select TYPE, Died, count(*) from MEDPAR group by 1, 2",
        "SELECT type, died, count(*) FROM medpar GROUP BY ALL",
        "SELECT m.type, m.died, count(*) AS count FROM medpar AS m GROUP BY m.died, m.type ORDER BY type, 2;",
        "SELECT type, count(*), died FROM medpar GROUP BY ALL ORDER BY ALL -- a comment",
    ],
)
def test_the_same_question_in_many_spellings_is_one_plan(
    reader: DuckdbReader, dataset: Dataset, sql: str
) -> None:
    plan = reader.aggregate(sql, dataset)
    assert (plan.keys, plan.measures, plan.where) == (GROUPED, (COUNT,), None)


def test_measures_have_names_of_their_own_or_given_ones(reader: DuckdbReader, dataset: Dataset) -> None:
    plan = reader.aggregate(
        "SELECT sum(los), avg(cost) AS price, count(note), mean(los) m FROM medpar", dataset
    )
    assert [(m.function, m.column, m.name) for m in plan.measures] == [
        (Function.SUM, "los", "sum_los"),
        (Function.AVG, "cost", "price"),
        (Function.COUNT, "note", "count_note"),
        (Function.AVG, "los", "m"),
    ]


def test_counting_distinct_units_is_the_count(reader: DuckdbReader, dataset: Dataset) -> None:
    persons = replace(dataset, privacy_unit=PERSON)
    plan = reader.aggregate("SELECT count(DISTINCT person) FROM medpar", persons)
    assert plan.measures == (COUNT,)
    assert plan.privacy_unit == PERSON


ONE = Compare(TYPE, Comparator.EQ, 3)
DEAD = Compare(DIED, Comparator.EQ, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type = 3", ONE),
        ("3 = type", ONE),
        ("3 < los", Compare(LOS, Comparator.GT, 3)),
        ("died", DEAD),
        ("died = 1", DEAD),
        ("not died", Compare(DIED, Comparator.NE, True)),
        ("type = 3 and died = true", All((ONE, DEAD))),
        ("type = 3 or died", AnyOf((ONE, DEAD))),
        (
            "not (type = 3 and died)",
            AnyOf((Compare(TYPE, Comparator.NE, 3), Compare(DIED, Comparator.NE, True))),
        ),
        ("not (los < 3 or los >= 9)", All((Compare(LOS, Comparator.GE, 3), Compare(LOS, Comparator.LT, 9)))),
        ("type in (1, 2)", OneOf(TYPE, (1, 2))),
        ("type not in (1, 2)", All((Compare(TYPE, Comparator.NE, 1), Compare(TYPE, Comparator.NE, 2)))),
        ("los between 2 and 5", All((Compare(LOS, Comparator.GE, 2), Compare(LOS, Comparator.LE, 5)))),
        ("note is null", IsNull(NOTE)),
        ("note is not null", Not(IsNull(NOTE))),
        ("not note is not null", IsNull(NOTE)),
        ("admitted >= date '2020-02-29'", Compare(ColumnName("admitted"), Comparator.GE, "2020-02-29")),
        ("admitted <> '2020-02-29'", Compare(ColumnName("admitted"), Comparator.NE, "2020-02-29")),
        ("cost < 1.5e2", Compare(ColumnName("cost"), Comparator.LT, 150.0)),
        ("los = -4", Compare(LOS, Comparator.EQ, -4)),
        ("medpar.type = 3", ONE),
    ],
)
def test_conditions_become_predicates(
    reader: DuckdbReader, dataset: Dataset, text: str, expected: Predicate
) -> None:
    assert reader.predicate(text, dataset) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "los + 1 = 3", "los / 0 = 1", "cast(note as int) = 3", "los = los", "type = '3'", "note = 3",
        "died < true", "died = 2", "ghost = 1", "admitted = 'soon'", "note like 'x%'", "type = null",
        "type in (1, null)", "type in (select 1)", "exists (select 1)", "1 = 1", "true", "los", "coalesce(los, 1) = 1",
        "type = 3) or (los = 1", "type = 3) union all select 1 from place where (type = 1", "type = 3) --",
        "type = 3 group by type", "type = 3 limit 1",
        "type = 3; drop table medpar", "other.type = 3", "type = ?", "type = $1", "random() < 0.5", "type = (select 3)",
        "case when died then true end", "type is distinct from 3", "note = 'x' collate nocase", "(los, type) = (1, 2)",
        "los = 1 and (died or (" * 12 + "died" + "))" * 12, "not " * 30 + "died",
        "type in (" + ",".join(["1"] * 1_001) + ")",
    ],
)  # fmt: skip
def test_a_condition_that_could_fail_or_is_not_one_is_refused(
    reader: DuckdbReader, dataset: Dataset, text: str
) -> None:
    with pytest.raises(UnsupportedQuery):
        reader.predicate(text, dataset)


def test_without_a_dataset_only_the_form_is_checked(reader: DuckdbReader) -> None:
    assert reader.predicate("ghost = 'x'") == Compare(ColumnName("ghost"), Comparator.EQ, "x")


@pytest.mark.parametrize(
    ("sql", "construct"),
    [
        ("SELECT type FROM medpar GROUP BY type", "without count"),
        ("SELECT * FROM medpar", "without count, sum or avg"),
        ("SELECT type, count(*) FROM medpar", "not grouped by"),
        ("SELECT count(*) FROM medpar GROUP BY type", "not selected"),
        ("SELECT type AS t, count(*) FROM medpar GROUP BY type", "another name"),
        ("SELECT type, count(*) FROM medpar GROUP BY type HAVING count(*) > 3", "HAVING"),
        ("SELECT type, count(*) FROM medpar GROUP BY type LIMIT 1", "LIMIT"),
        ("SELECT DISTINCT type, count(*) FROM medpar GROUP BY type", "DISTINCT"),
        ("SELECT type, count(*) FROM medpar GROUP BY type ORDER BY count(*)", "ordering by"),
        ("SELECT type, count(*) FROM medpar GROUP BY type ORDER BY type DESC", "descending"),
        ("SELECT type, count(*) FROM medpar GROUP BY ROLLUP (type)", "ROLLUP"),
        ("SELECT type, count(*) FROM medpar GROUP BY GROUPING SETS ((type), ())", "GROUPING SETS"),
        ("SELECT type, type, count(*) FROM medpar GROUP BY type", "twice"),
        ("SELECT los + 1, count(*) FROM medpar GROUP BY 1", "function '+'"),
        ("SELECT count(*) + 1 FROM medpar", "function '+'"),
        ("SELECT max(los) FROM medpar", "function 'max'"),
        ("SELECT median(los) FROM medpar", "function 'median'"),
        ("SELECT sum(los + 1) FROM medpar", "inside a function"),
        ("SELECT sum(los) FILTER (WHERE died) FROM medpar", "FILTER"),
        ("SELECT sum(DISTINCT los) FROM medpar", "DISTINCT"),
        ("SELECT sum(note) FROM medpar", "no number"),
        ("SELECT sum(los ORDER BY cost) FROM medpar", "ORDER BY inside"),
        ("SELECT count(*) OVER () FROM medpar", "expression in SELECT"),
        ("SELECT count(*) AS a, sum(los) AS A FROM medpar", "same name"),
        ("SELECT cost, count(*) FROM medpar GROUP BY cost", "without declared values"),
        ("SELECT count(*) FROM medpar, medpar", "joins"),
        ("SELECT count(*) FROM medpar JOIN medpar n USING (los)", "joins"),
        ("SELECT count(*) FROM (SELECT * FROM medpar)", "joins"),
        ("SELECT count(*) FROM other", "another dataset"),
        ("SELECT count(*) FROM main.medpar", "form of FROM"),
        ("SELECT count(*) FROM medpar TABLESAMPLE 10%", "FROM"),
        ("WITH x AS (SELECT 1) SELECT count(*) FROM medpar", "WITH"),
        ("SELECT count(*) FROM medpar UNION SELECT 1", "UNION"),
        ("SELECT count(*) FROM medpar QUALIFY row_number() OVER () = 1", "QUALIFY"),
        ("SELECT count(ghost) FROM medpar", "'ghost'"),
        ("SELECT system.main.count(*) FROM medpar", ""),
        ("SELECT case when died then 1 end, count(*) FROM medpar GROUP BY 1", "expression in SELECT"),
        ("SELECT count(*) FROM medpar WHERE (SELECT true)", "condition"),
        ("SELECT count(*) FROM medpar; SELECT 1", "more than one"),
        ("SELECT count(*) FROM", "cannot be parsed (near character"),
        ("DELETE FROM medpar", "not a SELECT"),
    ],
)  # fmt: skip
def test_what_is_outside_the_closed_subset_is_refused_by_name(
    reader: DuckdbReader, dataset: Dataset, sql: str, construct: str
) -> None:
    with pytest.raises(UnsupportedQuery) as refusal:
        reader.aggregate(sql, dataset)
    assert construct in refusal.value.construct


def test_the_place_of_an_error_is_told_in_what_was_written(reader: DuckdbReader, dataset: Dataset) -> None:
    with pytest.raises(UnsupportedQuery, match="near character 8"):
        reader.predicate("type = = 1", dataset)
    with pytest.raises(UnsupportedQuery, match="near character 1: 'SELEC'"):
        reader.aggregate("SELEC died", dataset)
    with pytest.raises(UnsupportedQuery, match="near character 6"):
        reader.predicate("type =", dataset)


def test_a_refusal_shows_the_nearest_form(reader: DuckdbReader, dataset: Dataset) -> None:
    with pytest.raises(UnsupportedQuery, match="SELECT type, died, count") as refusal:
        reader.aggregate("SELECT max(los) FROM medpar", dataset)
    nearest = refusal.value.hint.removeprefix("Nearest form: ").replace("WHERE … ", "")
    assert reader.aggregate(nearest, dataset).keys == GROUPED


def test_the_privacy_unit_is_no_key(reader: DuckdbReader, dataset: Dataset) -> None:
    with pytest.raises(UnsupportedQuery, match="privacy unit"):
        reader.aggregate(
            "SELECT person, count(*) FROM medpar GROUP BY 1", replace(dataset, privacy_unit=PERSON)
        )


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", set()),
        ("SELECT * FROM medpar", {"medpar"}),
        ("FROM Medpar m JOIN stays s USING (id)", {"medpar", "stays"}),
        ("WITH x AS (SELECT * FROM medpar) SELECT * FROM x", {"medpar"}),
        ("SELECT (SELECT max(a) FROM b) FROM c WHERE EXISTS (SELECT 1 FROM d)", {"b", "c", "d"}),
        ("SELECT a FROM b UNION ALL SELECT a FROM c", {"b", "c"}),
    ],
)
def test_relations_are_read_off_the_tree(reader: DuckdbReader, sql: str, names: set[str]) -> None:
    assert reader.relations(sql) == names


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT los FROM medpar WHERE died", {"los", "died"}),
        ("SELECT count(*) FROM medpar", set()),
        (
            "SELECT a.los FROM medpar a JOIN medpar b ON a.type = b.type ORDER BY a.cost",
            {"los", "type", "cost"},
        ),
        ("SELECT 1 FROM medpar a JOIN medpar b USING (person)", {"person"}),
        ("SELECT los AS note FROM medpar", {"los"}),
        ("SELECT sum(los) OVER (PARTITION BY type ORDER BY cost) FROM medpar", {"los", "type", "cost"}),
    ],
)
def test_a_query_needs_the_columns_that_it_names(
    reader: DuckdbReader, dataset: Dataset, sql: str, columns: set[str]
) -> None:
    plan, needs = reader.gate(sql, {MEDPAR: dataset})
    assert needs == {MEDPAR: columns}
    assert "SELECT_NODE" in plan.tree


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM medpar",
        "FROM medpar",
        "SELECT medpar FROM medpar",
        "SELECT m FROM medpar m",
        "SELECT count(m) FROM medpar m",
        "SELECT * EXCLUDE (person) FROM medpar",
        "SELECT 1 FROM medpar NATURAL JOIN medpar b",
        "WITH x AS (SELECT * FROM medpar) SELECT los FROM x",
    ],
)
def test_a_query_that_could_mean_every_column_needs_every_column(
    reader: DuckdbReader, dataset: Dataset, sql: str
) -> None:
    assert reader.gate(sql, {MEDPAR: dataset})[1] == {MEDPAR: {c.name for c in dataset.columns}}


def test_a_dataset_that_is_not_visible_is_unknown(reader: DuckdbReader, dataset: Dataset) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'medpar'"):
        reader.gate("SELECT 1 FROM medpa", {MEDPAR: dataset})
