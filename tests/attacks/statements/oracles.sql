-- Errors, chance, the clock and side effects that tell one thing from another.
-- [gate]
SELECT error('x') FROM stays WHERE false
SELECT CASE WHEN id < 0 THEN error('x') END FROM stays
SELECT random()
SELECT setseed(0.5)
SELECT uuid()
SELECT gen_random_uuid()
SELECT uuidv7()
SELECT now()
SELECT get_current_timestamp()
SELECT get_current_time()
SELECT current_timestamp
SELECT current_date
SELECT current_time
SELECT localtimestamp
SELECT localtime
SELECT today()
SELECT transaction_timestamp()
SELECT age(TIMESTAMP '2020-01-01') FROM stays
SELECT in_search_path('a', 'b')
SELECT write_log('x')
SELECT write_log(ward) FROM stays
SELECT sleep_ms(1)
SELECT try(1 / id) FROM stays
SELECT id FROM stays USING SAMPLE 3
SELECT id FROM stays USING SAMPLE 10%
SELECT id FROM stays TABLESAMPLE 50%
SELECT id FROM stays TABLESAMPLE reservoir(3)
SELECT id FROM stays LIMIT 10%
SELECT id FROM stays LIMIT (SELECT 3)%
SELECT icu_sort_key(ward, 'de') FROM stays
SELECT ward COLLATE de FROM stays
SELECT ward COLLATE nocase FROM stays
SELECT is_histogram_other_bin(1)
SELECT parse_path('/etc/passwd')
SELECT parse_duckdb_log_message('x', 'y')
SELECT get_bit('1'::BIT, 0)
SELECT constant_or_null(1, id) FROM stays
SELECT create_sort_key(id, 'ASC') FROM stays
SELECT getvariable('secret')
SELECT finalize(id) FROM stays
SELECT sum(id) EXPORT_STATE FROM stays
SELECT add_parquet_key('k', 'x')
SELECT from_json('1', '"INTEGER"')
SELECT json_transform('1', '"INTEGER"')
-- [gate, engine]
SELECT getenv('PATH')
SELECT getenv('HOME')
SELECT nextval('nowhere')
SELECT currval('nowhere')
SELECT pg_read_file('/etc/passwd')
SELECT pg_sleep(10)
SELECT load_extension('x')
SELECT system('id')
SELECT xp_cmdshell('id')
SELECT lo_import('/etc/passwd')
SELECT dblink('host=x', 'select 1')
