-- Bringing other databases, extensions and keys into the engine.
-- [gate, engine]
ATTACH '/tmp/dataspace-attack.db' AS other
ATTACH '{home}/hub.db' AS store (TYPE sqlite)
ATTACH '{home}/store.sqlite' AS store
ATTACH '/proc/self/fd/3' AS other (READ_ONLY)
ATTACH '/proc/self/fd/0' AS other (READ_ONLY)
ATTACH '/dev/zero' AS other
ATTACH 'host=localhost' AS pg (TYPE postgres)
ATTACH 'ducklake:metadata.db' AS lake
ATTACH IF NOT EXISTS '/tmp/dataspace-attack.db'
ATTACH OR REPLACE '/tmp/dataspace-attack.db' AS cut0
INSTALL httpfs
INSTALL spatial FROM community
FORCE INSTALL httpfs FROM 'http://example.org'
LOAD httpfs
LOAD '/tmp/evil.duckdb_extension'
UPDATE EXTENSIONS
CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')
CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')
DROP SECRET s
COPY FROM DATABASE memory TO cut0
-- [gate]
ATTACH ':memory:' AS scratch
DETACH cut0
USE cut0
USE memory
SELECT * FROM duckdb_secrets()
SELECT * FROM which_secret('s3://x', 's3')
COPY FROM DATABASE cut0 TO memory
