-- Changing what is there.
-- [gate, engine]
INSERT INTO cut0.main.data SELECT * FROM cut0.main.data
DELETE FROM cut0.main.data
DELETE FROM cut0.main.data WHERE id = 1 RETURNING *
UPDATE cut0.main.data SET ward = ''
UPDATE cut0.main.data SET ward = '' RETURNING *
DROP TABLE cut0.main.data
ALTER TABLE cut0.main.data DROP COLUMN ward
ALTER TABLE cut0.main.data RENAME TO x
TRUNCATE cut0.main.data
CREATE TABLE cut0.main.x (i INT)
CREATE INDEX i ON cut0.main.data (id)
CREATE VIEW cut0.main.v AS SELECT 1
CREATE SCHEMA cut0.x
MERGE INTO cut0.main.data USING (SELECT 1 AS id) s ON data.id = s.id WHEN MATCHED THEN DELETE
INSERT INTO stays SELECT * FROM stays
DELETE FROM stays
UPDATE stays SET ward = ''
WITH x AS (DELETE FROM cut0.main.data RETURNING *) SELECT * FROM x
WITH x AS (INSERT INTO cut0.main.data SELECT * FROM cut0.main.data RETURNING *) SELECT * FROM x
WITH x AS (UPDATE cut0.main.data SET ward = '' RETURNING *) SELECT * FROM x
WITH x AS (COPY stays TO '/tmp/dataspace-attack.csv') SELECT * FROM x
SELECT * FROM (DELETE FROM cut0.main.data RETURNING *)
COMMENT ON TABLE cut0.main.data IS 'x'
-- [gate]
CREATE TABLE mine AS SELECT * FROM stays
CREATE TABLE mine2 (i INT)
CREATE OR REPLACE VIEW v AS SELECT * FROM cut0.main.data
CREATE MACRO m(a) AS a + 1
CREATE MACRO abs2(a) AS (SELECT max(__unit) FROM cut0.main.data)
CREATE SEQUENCE s
CREATE TYPE mood AS ENUM ('a')
CREATE SCHEMA other
BEGIN
COMMIT
CHECKPOINT
FORCE CHECKPOINT
VACUUM
ANALYZE
PREPARE p AS SELECT 1
EXECUTE p
DEALLOCATE p
