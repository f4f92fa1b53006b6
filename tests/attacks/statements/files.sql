-- Reading and writing files of the machine, and what is beyond it.
-- [gate, engine]
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_csv('/etc/passwd', header = false, delim = ':')
SELECT * FROM read_csv_auto('/etc/hosts')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_text('{secret}')
SELECT content FROM read_text('{secret}')
SELECT * FROM read_text(['{secret}', '/etc/hosts'])
SELECT * FROM read_text('/proc/self/environ')
SELECT * FROM read_text('/proc/1/environ')
SELECT * FROM read_text('/proc/self/cmdline')
SELECT * FROM read_text('/proc/self/maps')
SELECT * FROM read_text('/proc/self/fd/0')
SELECT * FROM read_text('/proc/self/fd/3')
SELECT * FROM read_text('/proc/self/fd/64/../../environ')
SELECT * FROM read_text('/proc/self/fd/../environ')
SELECT * FROM read_blob('/etc/shadow')
SELECT size FROM read_blob('{secret}')
SELECT * FROM read_json('/etc/hosts')
SELECT * FROM read_json_auto('{secret}')
SELECT * FROM read_json_objects('{secret}')
SELECT * FROM read_ndjson('{secret}')
SELECT * FROM read_ndjson_objects('{secret}')
SELECT * FROM read_ndjson_auto('{secret}')
SELECT * FROM read_parquet('/etc/hosts')
SELECT * FROM read_parquet('{home}/versions/*/part-0.parquet')
SELECT * FROM read_parquet(['{home}/versions/*/*.parquet'])
SELECT * FROM parquet_scan('{home}/versions/*/part-0.parquet')
SELECT * FROM parquet_metadata('{home}/versions/*/part-0.parquet')
SELECT * FROM parquet_schema('{home}/versions/*/part-0.parquet')
SELECT * FROM parquet_file_metadata('{home}/versions/*/part-0.parquet')
SELECT * FROM parquet_kv_metadata('{home}/versions/*/part-0.parquet')
SELECT * FROM parquet_bloom_probe('{home}/versions/*/part-0.parquet', 'id', 1)
SELECT * FROM glob('/*')
SELECT * FROM glob('{home}/**')
SELECT * FROM glob('/proc/*/environ')
SELECT count(*) FROM glob('{home}/versions/*')
SELECT * FROM sniff_csv('/etc/passwd')
SELECT Columns FROM sniff_csv('{secret}')
SELECT * FROM '/etc/passwd'
SELECT * FROM '{secret}'
SELECT * FROM '{home}/versions/*/part-0.parquet'
SELECT * FROM '{secret}.csv'
FROM '/etc/hosts.csv'
SELECT * FROM 'https://example.org/x.csv'
SELECT * FROM read_csv('https://example.org/x.csv')
SELECT * FROM read_text('http://169.254.169.254/latest/meta-data/')
SELECT * FROM read_parquet('s3://bucket/x.parquet')
SELECT * FROM read_text('file:///etc/passwd')
SELECT (SELECT content FROM read_text('{secret}')) FROM stays
SELECT * FROM stays, read_text('{secret}')
SELECT * FROM stays WHERE ward IN (SELECT content FROM read_text('{secret}'))
SELECT * FROM stays JOIN LATERAL (SELECT * FROM read_text('{secret}')) ON true
WITH x AS (SELECT * FROM read_text('{secret}')) SELECT * FROM x
WITH x AS MATERIALIZED (FROM read_blob('{secret}')) SELECT * FROM x
SELECT * FROM stays UNION ALL BY NAME SELECT content AS ward FROM read_text('{secret}')
SELECT exists(SELECT 1 FROM read_text('{secret}'))
SELECT * FROM read_duckdb('{home}/x.db', table_name = 'data')
COPY stays TO '/tmp/dataspace-attack.csv'
COPY (SELECT * FROM stays) TO '/dev/shm/dataspace-attack'
COPY (SELECT * FROM stays) TO '/dev/stdout'
COPY (SELECT * FROM stays) TO '/tmp/dataspace-attack.parquet' (FORMAT parquet)
COPY (SELECT * FROM stays) TO '/proc/self/fd/3'
EXPORT DATABASE '/tmp/dataspace-attack'
IMPORT DATABASE '/tmp/dataspace-attack'
CREATE TABLE f AS SELECT * FROM read_csv('/etc/passwd')
CREATE TEMP TABLE f AS SELECT * FROM read_text('{secret}')
CREATE VIEW f AS SELECT * FROM read_text('{secret}')
CREATE MACRO f() AS TABLE SELECT * FROM read_text('{secret}')
EXPLAIN ANALYZE SELECT * FROM read_text('{secret}')
DESCRIBE SELECT * FROM read_csv('/etc/passwd')
SUMMARIZE SELECT * FROM read_csv('/etc/passwd')
PREPARE p AS SELECT * FROM read_text('{secret}')
SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')
SELECT * FROM query_table('{secret}')
