-- Statements that the gate lets pass: what they look for is not in the cut, so any answer or error is harmless.
-- [cut]
SELECT * FROM stays
SELECT * FROM stays WHERE los > 50
SELECT count(*) FROM stays WHERE los > 50
SELECT max(los), min(los) FROM stays
SELECT id FROM stays WHERE note LIKE 'HIDDEN%'
SELECT note FROM stays WHERE note SIMILAR TO '.*ROW.*'
SELECT CAST(note AS INTEGER) FROM stays
SELECT CAST(note AS INTEGER) FROM stays WHERE los > 50
SELECT CASE WHEN los > 50 THEN CAST(note AS INTEGER) END FROM stays
SELECT CASE WHEN name LIKE 'MASKED%' THEN CAST(name AS INTEGER) END FROM stays
SELECT sum(CASE WHEN los > 50 THEN CAST('x' AS INTEGER) ELSE 0 END) FROM stays
SELECT 1 // (SELECT count(*) FROM stays WHERE los > 50)
SELECT 1 / (los - 99) FROM stays
SELECT CAST(note AS DATE) FROM stays WHERE note IS NOT NULL
SELECT DATE 'x' FROM stays WHERE los > 50
SELECT regexp_matches(note, '(HIDDEN)') FROM stays
SELECT name FROM stays GROUP BY name
SELECT name, count(*) FROM stays WHERE name >= 'MASKED' GROUP BY name
SELECT id FROM stays WHERE name = 'MASKED-NAME-7'
SELECT string_agg(note, ',') FROM stays
SELECT list(name) FROM stays
SELECT to_json(stays) FROM stays
SELECT stays FROM stays
SELECT json_group_array(note) FROM stays
SELECT histogram(name) FROM stays
SELECT min(note) OVER (ORDER BY id) FROM stays
SELECT lag(note) OVER (ORDER BY id), lead(note) OVER (ORDER BY id) FROM stays
SELECT quantile_disc(los, 1.0) FROM stays
SELECT approx_quantile(los, 0.99) FROM stays
SELECT id FROM stays EXCEPT SELECT 9 FROM stays
SELECT * FROM stays a LEFT JOIN stays b ON a.id + 1 = b.id WHERE b.id IS NULL
SELECT x FROM unnest([1, 2]) u(x) WHERE x NOT IN (SELECT id FROM stays)
SELECT * FROM stays WHERE (SELECT count(*) FROM stays b WHERE b.los > 50) = 0
SELECT sum(los)::TINYINT FROM stays
SELECT chr(ascii(note)) FROM stays
SELECT md5(name), sha256(name) FROM stays
SELECT strptime(note, '%Y') FROM stays
SELECT CAST({'a': note} AS STRUCT(a INTEGER)) FROM stays
SELECT CAST(note AS JSON) FROM stays
SELECT json_extract(note, '$.a') FROM stays
SELECT 9223372036854775807 + los FROM stays
SELECT exp(los * 1000) FROM stays
SELECT make_date(los, los, los) FROM stays
SELECT (SELECT note FROM stays) FROM stays
SELECT list_extract(list(note), -1) FROM stays
SELECT sqrt(-los) FROM stays
SELECT log(los - 30) FROM stays
SELECT any_value(note) FROM stays WHERE los > 50
SELECT first(note ORDER BY los DESC) FROM stays
SELECT arg_max(note, los) FROM stays
SELECT * LIKE 's%' FROM stays
SELECT * SIMILAR TO '.*n.*' FROM stays
