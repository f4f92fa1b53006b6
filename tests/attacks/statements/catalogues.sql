-- The engine's own lists: paths, definitions of views, minima and maxima, queries of others.
-- [gate]
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_tables
SELECT sql FROM duckdb_views() WHERE NOT internal
SELECT * FROM duckdb_views
SELECT * FROM duckdb_columns()
SELECT * FROM duckdb_columns
SELECT * FROM duckdb_databases()
SELECT path FROM duckdb_databases()
SELECT * FROM duckdb_databases
SELECT * FROM duckdb_schemas()
SELECT * FROM duckdb_constraints()
SELECT * FROM duckdb_constraints
SELECT * FROM duckdb_indexes()
SELECT * FROM duckdb_sequences()
SELECT * FROM duckdb_functions()
SELECT * FROM duckdb_types()
SELECT * FROM duckdb_keywords()
SELECT * FROM duckdb_extensions()
SELECT * FROM duckdb_memory()
SELECT * FROM duckdb_temporary_files()
SELECT * FROM duckdb_optimizers()
SELECT * FROM duckdb_dependencies()
SELECT * FROM duckdb_variables()
SELECT * FROM duckdb_prepared_statements()
SELECT * FROM duckdb_log_contexts()
SELECT * FROM duckdb_logs()
SELECT * FROM duckdb_external_file_cache()
SELECT * FROM information_schema.tables
SELECT * FROM information_schema.columns
SELECT * FROM information_schema.schemata
SELECT * FROM information_schema.character_sets
SELECT * FROM information_schema.table_constraints
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_catalog.pg_tables
SELECT * FROM pg_catalog.pg_views
SELECT * FROM pg_catalog.pg_attribute
SELECT * FROM pg_catalog.pg_namespace
SELECT * FROM pg_catalog.pg_settings
SELECT * FROM pg_class
SELECT * FROM pg_tables
SELECT * FROM pg_views
SELECT * FROM pg_database
SELECT * FROM sqlite_master
SELECT * FROM sqlite_schema
SELECT * FROM pragma_storage_info('cut0.main.data')
SELECT stats FROM pragma_storage_info('cut0.main.data')
SELECT * FROM pragma_table_info('stays')
SELECT * FROM pragma_database_size()
SELECT * FROM pragma_metadata_info('cut0')
SELECT * FROM pragma_show('stays')
SELECT * FROM pragma_version()
SELECT * FROM pragma_platform()
SELECT * FROM pragma_user_agent()
SELECT * FROM pragma_collations()
SELECT * FROM pragma_last_profiling_output()
SELECT stats(id) FROM stays
SELECT stats(los) FROM stays LIMIT 1
SELECT version()
SELECT current_database()
SELECT current_schema()
SELECT current_schemas(true)
SELECT current_query()
SELECT current_user
SELECT session_user
SELECT user
SELECT current_catalog
SELECT pg_typeof(id) FROM stays
SELECT typeof(id) FROM stays
SELECT alias(id) FROM stays
SELECT txid_current()
SELECT current_connection_id()
SELECT current_transaction_id()
SELECT current_query_id()
SELECT has_table_privilege('stays', 'select')
SELECT pg_get_viewdef(1)
SELECT pg_size_pretty(1)
SELECT format_type(1, 1)
SHOW TABLES
SHOW DATABASES
DESCRIBE cut0.main.data
DESCRIBE SELECT * FROM cut0.main.data
SUMMARIZE cut0.main.data
SELECT * FROM (DESCRIBE stays)
SELECT * FROM (SUMMARIZE stays)
SELECT min, max FROM (SUMMARIZE cut0.main.data)
EXPLAIN SELECT * FROM stays
EXPLAIN ANALYZE SELECT * FROM stays
EXPLAIN (FORMAT json) SELECT * FROM stays
