-- Changing what the engine may do, and reading how it is set up.
-- [gate, engine]
SET enable_external_access = true
SET GLOBAL enable_external_access = true
SET SESSION enable_external_access = true
RESET enable_external_access
RESET GLOBAL lock_configuration
SET lock_configuration = false
SET GLOBAL memory_limit = '99GB'
SET threads = 64
SET temp_directory = '/tmp'
SET max_temp_directory_size = '10GB'
SET allowed_paths = ['/etc/passwd']
SET allowed_directories = ['/']
SET allow_community_extensions = true
SET allow_unsigned_extensions = true
SET autoinstall_known_extensions = true
SET autoload_known_extensions = true
SET custom_extension_repository = 'http://example.org'
SET extension_directory = '/tmp'
SET home_directory = '/root'
SET secret_directory = '/tmp'
SET allow_persistent_secrets = true
SET allow_unredacted_secrets = true
SET python_enable_replacements = true
SET python_scan_all_frames = true
SET enable_logging = true
SET log_query_path = '/tmp/dataspace-attack.log'
SET profiling_output = '/tmp/dataspace-attack.json'
SET enable_profiling = 'json'
SET max_expression_depth = 100000
SET pivot_limit = 1000000
SET TimeZone = 'America/New_York'
SET Calendar = 'japanese'
SET search_path = 'cut0'
SET schema = 'cut0.main'
SET default_null_order = 'nulls_first'
SET preserve_insertion_order = false
SET enable_object_cache = true
SET progress_bar_time = 0
SET errors_as_json = true
SET disabled_filesystems = ''
SET disabled_optimizers = 'filter_pushdown'
SET debug_force_external = true
SET file_search_path = '/etc'
SET username = 'root'
PRAGMA enable_profiling
PRAGMA memory_limit = '99GB'
PRAGMA threads = 64
PRAGMA enable_logging
PRAGMA profiling_output = '/tmp/dataspace-attack.json'
PRAGMA enable_checkpoint_on_shutdown
CALL enable_logging()
CALL disable_logging()
-- [gate]
SELECT * FROM duckdb_settings()
SELECT name, value FROM duckdb_settings() WHERE value <> ''
SELECT current_setting('memory_limit')
SELECT current_setting('allowed_paths')
SELECT current_setting('secret_directory')
SELECT getvariable('x')
SET VARIABLE x = 1
RESET VARIABLE x
CALL duckdb_settings()
SHOW ALL TABLES
PRAGMA database_list
PRAGMA show_tables
PRAGMA version
PRAGMA platform
PRAGMA user_agent
PRAGMA database_size
PRAGMA table_info('stays')
PRAGMA storage_info('cut0.main.data')
