"""The positive lists of the gate: what a statement may be made of. Anything else is refused, also what is new."""

# ruff: noqa: SIM905 - lists of words read best as text

NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"})
SOURCES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "TABLE_FUNCTION", "PIVOT"})
MODIFIERS = frozenset({"ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER"})
ORDERS = frozenset({"ORDER_DEFAULT", "ASCENDING", "DESCENDING"})
JOINS = frozenset({"REGULAR", "CROSS", "NATURAL", "ASOF"})

EXPRESSIONS = {
    "BETWEEN": frozenset({"COMPARE_BETWEEN", "COMPARE_NOT_BETWEEN"}),
    "CASE": frozenset({"CASE_EXPR"}),
    "CAST": frozenset({"OPERATOR_CAST"}),
    "COLUMN_REF": frozenset({"COLUMN_REF"}),
    "COMPARISON": frozenset(
        {
            "COMPARE_EQUAL",
            "COMPARE_NOTEQUAL",
            "COMPARE_LESSTHAN",
            "COMPARE_LESSTHANOREQUALTO",
            "COMPARE_GREATERTHAN",
            "COMPARE_GREATERTHANOREQUALTO",
            "COMPARE_DISTINCT_FROM",
            "COMPARE_NOT_DISTINCT_FROM",
        }
    ),
    "CONJUNCTION": frozenset({"CONJUNCTION_AND", "CONJUNCTION_OR"}),
    "CONSTANT": frozenset({"VALUE_CONSTANT"}),
    "FUNCTION": frozenset({"FUNCTION"}),
    "OPERATOR": frozenset(
        {
            "COMPARE_IN",
            "COMPARE_NOT_IN",
            "OPERATOR_NOT",
            "OPERATOR_IS_NULL",
            "OPERATOR_IS_NOT_NULL",
            "OPERATOR_COALESCE",
            "OPERATOR_NULLIF",
            "GROUPING_FUNCTION",
            "ARRAY_EXTRACT",
            "ARRAY_SLICE",
            "ARRAY_CONSTRUCTOR",
            "STRUCT_EXTRACT",
        }
    ),
    "LAMBDA": frozenset({"LAMBDA"}),
    "STAR": frozenset({"STAR"}),
    "SUBQUERY": frozenset({"SUBQUERY"}),
    "TYPE": frozenset({"TYPE"}),
    "WINDOW": frozenset(
        {
            "WINDOW_AGGREGATE",
            "WINDOW_ROW_NUMBER",
            "WINDOW_RANK",
            "WINDOW_RANK_DENSE",
            "WINDOW_PERCENT_RANK",
            "WINDOW_CUME_DIST",
            "WINDOW_NTILE",
            "WINDOW_LAG",
            "WINDOW_LEAD",
            "WINDOW_FIRST_VALUE",
            "WINDOW_LAST_VALUE",
            "WINDOW_NTH_VALUE",
        }
    ),
}

TYPES = frozenset(
    "boolean bool tinyint smallint integer int int2 int4 int8 bigint hugeint real float float4 double float8 "
    "decimal numeric varchar text string char bpchar date time timestamp timestamptz interval utinyint usmallint "
    "uinteger ubigint uhugeint timestamp_s timestamp_ms timestamp_ns uuid json list struct map".split()
) | {"timestamp with time zone", "time with time zone", "double precision"}

# Their output is no longer than their input, or bounded; none reads settings, catalogues, files or the clock.
FUNCTIONS = frozenset(
    # arithmetic and numbers
    "+ - * / // % ^ ** & | ~ << >> @ abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log2 log10 pow "
    "power mod sin cos tan asin acos atan atan2 degrees radians pi greatest least isnan isinf isfinite even gcd lcm "
    # text
    "|| concat concat_ws lower lcase upper ucase length len strlen trim ltrim rtrim left right substr substring "
    "replace reverse starts_with ends_with prefix suffix contains position strpos instr split_part like_escape "
    "ilike_escape not_like_escape not_ilike_escape ~~ !~~ ~~* !~~* ~~~ regexp_matches regexp_full_match "
    "regexp_extract regexp_replace ascii ord chr md5 sha256 hash strip_accents "
    # dates
    "date_trunc date_part datepart date_diff datediff date_sub datesub date_add extract year month day hour minute "
    "second quarter week weekday dayofweek dayofyear isodow isoyear yearweek decade century millisecond epoch "
    "last_day make_date make_timestamp monthname dayname strftime strptime try_strptime age to_days to_months "
    "to_years to_hours to_minutes to_seconds to_weeks to_quarters to_milliseconds timezone time_bucket epoch_ms "
    "to_timestamp make_timestamptz make_time date datetrunc julian timezone_hour timezone_minute dow doy "
    # lists, structs and maps
    "list_value array_value list_pack list_extract list_element array_extract list_slice array_slice list_contains "
    "array_contains list_has list_position list_indexof list_distinct list_unique list_sort array_sort "
    "list_reverse_sort list_reverse list_concat list_cat array_concat list_append list_prepend list_intersect "
    "list_has_any list_has_all list_sum list_avg list_min list_max list_count list_median list_first list_last "
    "array_length array_to_string flatten unnest string_split str_split string_to_array regexp_split_to_array "
    "regexp_extract_all struct_pack struct_extract struct_insert row map map_keys map_values map_entries "
    "map_extract map_contains map_from_entries element_at cardinality list array_agg histogram "
    # JSON
    "json json_extract json_extract_string json_extract_path json_extract_path_text ->> json_value json_exists "
    "json_type json_keys json_valid json_contains json_array_length json_object json_array to_json json_quote "
    "json_group_array json_group_object "
    # conditions
    "if ifnull nullif coalesce "
    # aggregates
    "count count_star count_if sum avg mean min max median mode stddev stddev_pop stddev_samp variance var_pop "
    "var_samp corr covar_pop covar_samp regr_slope regr_intercept regr_r2 regr_count skewness kurtosis quantile "
    "quantile_cont quantile_disc any_value first last bool_and bool_or bit_and bit_or bit_xor product entropy "
    "approx_count_distinct approx_quantile arg_max arg_min max_by min_by string_agg "
    # windows
    "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value".split()
)

TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
MAXIMUM_SERIES = 1_000_000
"""Rows of `range(…)` or `generate_series(…)` over whole numbers."""

NAMED_ARGUMENTS = frozenset({"struct_pack"})
SAMPLES = frozenset({"Bernoulli", "System", "Reservoir"})

INSTEAD = {
    "TABLE_FUNCTION": "Read from the datasets of the catalogue by name.",
    "SHOW_REF": "Write DESCRIBE or SUMMARIZE alone, with the name of one dataset.",
    "LAMBDA": "Write unnest(…) in a subquery, or a CASE expression.",
    "POSITIONAL_REFERENCE": "Name the column.",
    "COLLATE": "Compare lower(…) or strip_accents(…) instead.",
    "OPERATOR_TRY": "Write TRY_CAST, or a CASE expression for the rows that do not fit.",
    "COLUMN_DATA": "Write the values with VALUES.",
}

ALTERNATIVES = {
    "now": "Write the day as a constant: DATE '2026-01-31'.",
    "current_timestamp": "Write the time as a constant.",
    "random": "Sample with a fixed seed: USING SAMPLE 10 PERCENT (bernoulli, 42).",
    "setseed": "Sample with a fixed seed: USING SAMPLE 10 PERCENT (bernoulli, 42).",
    "uuid": "Number rows with row_number() OVER (ORDER BY …).",
    "gen_random_uuid": "Number rows with row_number() OVER (ORDER BY …).",
    "repeat": "Text of bounded length can be joined with ||.",
    "rpad": "Format the answer where you read it.",
    "lpad": "Format the answer where you read it.",
    "format": "Join text with ||, and format the answer where you read it.",
    "printf": "Join text with ||, and format the answer where you read it.",
    "list_transform": "Write unnest(…) in a subquery and list(…) around it.",
    "list_apply": "Write unnest(…) in a subquery and list(…) around it.",
    "list_filter": "Write unnest(…) in a subquery, with WHERE.",
    "list_reduce": "Write unnest(…) in a subquery, with an aggregate.",
    "list_aggregate": "Use list_sum, list_avg, list_min, list_max, list_median or list_count.",
    "read_csv": "Ask a steward to register the file as a dataset.",
    "read_parquet": "Ask a steward to register the file as a dataset.",
    "query": "Send the inner statement itself.",
    "query_table": "Name the dataset in FROM.",
    "stats": "Write SUMMARIZE and the name of the dataset.",
    "pg_typeof": "Write DESCRIBE and the name of the dataset.",
    "typeof": "Write DESCRIBE and the name of the dataset.",
    "error": "Count the rows that break a rule, instead of raising.",
}
"""What to write instead of a function, by the name that people try."""
