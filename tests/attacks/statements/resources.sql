-- Time and memory. The engine alone would answer these, and larger ones, for as long as it lives.
-- [gate]
SELECT repeat('x', 1000)
SELECT rpad('x', 1000, 'y')
SELECT lpad('x', 1000, 'y')
SELECT format('{:1000}', 1)
SELECT printf('%1000d', 1)
SELECT bar(1, 0, 10, 1000)
SELECT repeat(repeat('x', 100), 100)
SELECT levenshtein('a', 'b')
SELECT damerau_levenshtein('a', 'b')
SELECT editdist3('a', 'b')
SELECT jaro_similarity('a', 'b')
SELECT range(10)
SELECT generate_series(1, 10)
SELECT list_resize([1], 1000)
SELECT array_resize([1], 1000)
SELECT generate_subscripts([1], 1)
SELECT * FROM range(2000000)
SELECT * FROM generate_series(1, 2000000)
SELECT * FROM range(id) r, stays
SELECT * FROM generate_series(DATE '2020-01-01', DATE '2020-02-01', INTERVAL 1 DAY)
SELECT bit_count(repeat('1', 10)::BIT)
SELECT to_base(10, 2)
SELECT from_base64('YQ==')
SELECT url_encode('a')
SELECT string_agg(repeat('x', 100), '') FROM stays
SELECT 1::INT[5]
SELECT map([1], [1])::MAP(INT, INT[3])
SELECT ngrams('a', 1)
SELECT factorial(10)
SELECT '1'::HUGEINT[3][3]
WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r LIMIT 5) SELECT * FROM r LIMIT 5
WITH RECURSIVE r AS (SELECT 1 AS i UNION SELECT (i + 1) % 10 FROM r) SELECT * FROM r
WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 2000) SELECT count(*) FROM r
WITH RECURSIVE r AS (SELECT id AS i FROM stays UNION SELECT r.i FROM r JOIN stays ON true) SELECT count(*) FROM r
