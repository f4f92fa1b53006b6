"""DuckDB at arm's length: reading SQL, keeping versions, making cuts, and running plans in confined processes."""
