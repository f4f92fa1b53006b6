-- The table behind the view, its hidden columns, and names that are no datasets.
-- [gate]
SELECT * FROM cut0.main.data
SELECT __unit FROM cut0.main.data
SELECT __row, __unit FROM cut0.data
SELECT count(*) FROM cut0.data
SELECT * FROM "cut0"."main"."data"
SELECT * FROM CUT0.MAIN.DATA
SELECT * FROM main.stays
SELECT * FROM memory.main.stays
SELECT * FROM memory.stays
SELECT s.rowid FROM cut0.main.data s
SELECT * FROM stays WHERE id IN (SELECT __unit FROM cut0.main.data)
SELECT (SELECT max(__row) FROM cut0.main.data)
WITH stays AS (SELECT * FROM cut0.main.data) SELECT * FROM stays
WITH x AS (TABLE cut0.main.data) SELECT * FROM x
TABLE cut0.main.data
FROM cut0.main.data
SELECT * FROM stays AS OF SYSTEM TIME 1
SELECT id::main.INTEGER FROM stays
SELECT system.main.abs(1)
SELECT main.abs(id) FROM stays
SELECT * FROM system.information_schema.tables
SELECT * FROM temp.information_schema.tables
SELECT * FROM query_table('cut0.main.data')
SELECT * FROM query_table(['stays'])
SELECT * FROM query('FROM cut0.main.data')
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM cut0.main.data'))
SELECT json_serialize_plan('SELECT 1')
SELECT json_serialize_sql('SELECT 1')
SELECT json_deserialize_sql(json_serialize_sql('SELECT 1'))
SELECT * FROM seq_scan('stays')
-- [gate, engine]
SELECT * FROM payroll
SELECT count(*) FROM payroll
SELECT * FROM stays JOIN payroll USING (id)
SELECT * FROM cut1.main.data
SELECT * FROM cut99.main.data
SELECT rowid FROM stays
SELECT __unit FROM stays
SELECT __row FROM stays
SELECT stays.__unit FROM stays
SELECT ssn FROM stays
SELECT s.ssn FROM stays s
SELECT * REPLACE (ssn AS id) FROM stays
SELECT id FROM stays ORDER BY ssn
SELECT id FROM stays WHERE ssn LIKE 'HIDDEN%'
SELECT id FROM stays GROUP BY id HAVING max(ssn) > 'a'
SELECT sum(1) FILTER (WHERE ssn IS NULL) FROM stays
SELECT row_number() OVER (ORDER BY ssn) FROM stays
SELECT * FROM stays a JOIN stays b ON a.ssn = b.ssn
SELECT stays.ssn.x FROM stays
-- [engine]
SELECT * EXCLUDE (ssn) FROM stays
SELECT * FROM stays a JOIN stays b USING (ssn)
SELECT struct_extract(stays, 'ssn') FROM stays
