"""The positive lists of the gate: what a statement may be made of. Anything else is refused, also what is new."""

# ruff: noqa: SIM905 - lists of words read best as text

NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE"})
SOURCES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST"})
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
        }
    ),
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
    "decimal numeric varchar text string char bpchar date time timestamp timestamptz interval".split()
)

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
    "to_years to_hours to_minutes to_seconds to_weeks "
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

INSTEAD = {
    "TABLE_FUNCTION": "Read from the datasets of the catalogue by name.",
    "SHOW_REF": "The catalogue describes the columns: ask for the dataset's description.",
    "LAMBDA": "Write a CASE expression instead.",
    "VALUE_PARAMETER": "Write the value into the text.",
    "RECURSIVE_CTE_NODE": "Write a WITH that does not refer to itself.",
    "POSITIONAL_REFERENCE": "Name the column.",
    "ARRAY_EXTRACT": "Use plain columns: nested values are not taken apart here.",
}
