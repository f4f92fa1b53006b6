-- Forms that say less than they do: positions, patterns for names, lambdas, statements behind statements.
-- [gate]
SELECT #1 FROM stays
SELECT id FROM stays ORDER BY #1
SELECT COLUMNS('.*') FROM stays
SELECT COLUMNS(c -> c LIKE 'w%') FROM stays
SELECT COLUMNS(lambda c: c LIKE 'w%') FROM stays
SELECT min(COLUMNS('i.*')) FROM stays
SELECT * RENAME (id AS x) FROM stays
SELECT id FROM stays POSITIONAL JOIN stays b
SELECT id::JSON::STRUCT(a INT)[] FROM stays WHERE false AND try(id) = 1
SELECT id::ENUM('1', '2') FROM stays WHERE false
SELECT id::UNION(a INT, b VARCHAR) FROM stays WHERE false
SELECT ward::BIT FROM stays WHERE false
SELECT ward::BLOB FROM stays
SELECT list_aggregate([1, 2], 'sum')
SELECT list_aggr([1, 2], 'histogram')
SELECT array_aggregate([1, 2], 'min')
SELECT list_transform([1], lambda a: a + 1)
SELECT list_apply([1], lambda a: a + 1)
SELECT list_filter([1], lambda a: a > 1)
SELECT list_reduce([1, 2], lambda a, b: a + b)
SELECT apply([1], lambda a: a + 1)
SELECT filter([1], lambda a: a > 0)
SELECT array_transform([1], lambda a: a)
SELECT [x + 1 FOR x IN [1, 2]]
SELECT [x FOR x IN [1, 2] IF x > 1]
SELECT abs(x := 1)
SELECT struct_update({'a': 1}, a := 2)
SELECT current_date FROM stays
SELECT s.current_date FROM (SELECT 1 AS a) s, stays WHERE current_user IS NOT NULL
SELECT 1; SELECT 2
SELECT 1; DROP VIEW stays
SELECT 1; SET threads = 1
;;SELECT 1;;SELECT 2
SELECT 1 -- \n; SELECT 2
/* */ CALL pragma_version()
VALUES (getvariable('x'))
CALL pragma_table_info('stays')
CALL duckdb_tables()
PIVOT stays ON ward USING count(*)
PIVOT (SELECT ward, los FROM stays) ON ward IN (SELECT ward FROM stays) USING sum(los)
WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables
WITH pg_class AS (SELECT 1) SELECT * FROM pg_class
WITH "My Name" AS (SELECT 1) SELECT * FROM "My Name"
WITH __x AS (SELECT 1) SELECT * FROM __x
SELECT * FROM test_all_types()
SELECT * FROM test_vector_types(NULL::INT)
SELECT * FROM repeat(1, 3)
SELECT * FROM repeat_row(1, 2, num_rows = 3)
SELECT * FROM summary((SELECT * FROM stays))
SELECT * FROM unnest_rewriter(1)
SELECT * FROM json_each('[1]')
SELECT * FROM json_tree('[1]')
SELECT * FROM checkpoint()
SELECT * FROM force_checkpoint()
SELECT * FROM icu_calendar_names()
SELECT * FROM pg_timezone_names()
SELECT * FROM duckdb_approx_database_count()
SELECT * FROM arrow_scan(1, 2, 3)
SELECT * FROM pandas_scan(1)
SELECT * FROM python_map_function(1)
-- [gate, engine]
SELECT ?
SELECT $name
SELECT ghost_function(1)
SELECT * FROM ghost_table
SELECT * FROM df
SELECT * FROM os
SELECT * FROM secret_variable
SELECT FROM WHERE
