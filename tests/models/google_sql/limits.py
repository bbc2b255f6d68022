"""What Google's analyzer accepts and BigQuery does not: the analyzer knows more of the language than BigQuery runs.

`language()` leaves out what BigQuery lacks altogether; `refusal()` looks for the rest in an analysed statement. Each rule
names the page of BigQuery's documentation that it comes from.
"""

import re

from zetasql.types import LanguageFeature, LanguageOptions, ProductMode, ProtoModel, ResolvedNodeKind

# Parts of the language that BigQuery's reference does not have.
NOT_IN_BIGQUERY = (
    "TIMESTAMP_NANOS",  # data types: a timestamp has microseconds
    "TIMESTAMP_PICOS",
    "INLINE_LAMBDA_ARGUMENT",
    "UNNEST_AND_FLATTEN_ARRAYS",
    "MULTIWAY_UNNEST",
    "ARRAY_EQUALITY",  # data types: arrays are not compared
    "ARRAY_ORDERING",
    "ARRAY_GREATEST_LEAST",
    "WITH_GROUP_ROWS",
    "ANONYMIZATION",
    "STRUCT_POSITIONAL_ACCESSOR",
    "JSON_TYPE_COMPARISON",
)

# Function reference: what it lists, of what models use or may want to. An operator's name begins with a dollar sign.
FUNCTIONS = frozenset(
    """
    abs acos acosh any_value approx_count_distinct approx_quantiles approx_top_count array_agg array_concat array_concat_agg
    array_first array_last array_length array_reverse array_to_string asin asinh atan atan2 atanh avg bit_and bit_count bit_or
    bit_xor bool byte_length cbrt ceil ceiling char_length character_length chr coalesce code_points_to_bytes
    code_points_to_string concat contains_substr corr cos cosh count countif covar_pop covar_samp cume_dist current_date
    current_timestamp date date_add date_bucket date_diff date_from_unix_date date_sub date_trunc datetime datetime_add
    datetime_diff datetime_sub datetime_trunc dense_rank div ends_with error exp farm_fingerprint first_value float64 floor
    format format_date format_datetime format_time format_timestamp from_base32 from_base64 from_hex generate_array
    generate_date_array generate_timestamp_array generate_uuid greatest grouping ieee_divide if ifnull initcap instr int64
    is_inf is_nan json_array json_extract json_extract_array json_extract_scalar json_extract_string_array json_keys json_object
    json_query json_query_array json_type json_value json_value_array justify_days justify_hours justify_interval lag last_day
    last_value lax_bool lax_float64 lax_int64 lax_string lead least left length ln log log10 logical_and logical_or lower lpad
    ltrim make_interval max max_by md5 min min_by mod normalize normalize_and_casefold nth_value ntile nullif octet_length
    parse_bignumeric parse_date parse_datetime parse_json parse_numeric parse_time parse_timestamp percent_rank
    percentile_cont percentile_disc pow power rand range_bucket rank regexp_contains regexp_extract regexp_extract_all
    regexp_instr regexp_replace regexp_substr repeat replace reverse right round row_number rpad rtrim safe_add
    safe_convert_bytes_to_string safe_divide safe_multiply safe_negate safe_subtract session_user sha1 sha256 sha512 sign sin
    sinh soundex split sqrt starts_with stddev stddev_pop stddev_samp string string_agg strpos substr substring sum tan tanh
    time time_add time_diff time_sub time_trunc timestamp timestamp_add timestamp_bucket timestamp_diff timestamp_micros
    timestamp_millis timestamp_seconds timestamp_sub timestamp_trunc to_base32 to_base64 to_code_points to_hex to_json
    to_json_string translate trim trunc typeof unicode unix_date unix_micros unix_millis unix_seconds upper var_pop var_samp
    variance
    """.split()
)
WINDOW_ONLY = frozenset(["percentile_cont", "percentile_disc"])  # navigation functions: an OVER clause is needed

STATEMENT_CHARACTERS = 1024 * 1024  # quotas: query length, unresolved
COLUMN_DESCRIPTION_CHARACTERS = 1024  # quotas: tables
TABLE_DESCRIPTION_CHARACTERS = 16384
CLUSTERING_COLUMNS = 4
VERSIONED = re.compile(r"^FEATURE_(V_\d_\d_)?")


def language():
    options = LanguageOptions.maximum_features()
    # Types such as INT32 or DOUBLE are Google's own; outside there is INT64 and FLOAT64.
    options.product_mode = ProductMode.PRODUCT_EXTERNAL
    options.reserved_keywords = ["QUALIFY"]
    options.supported_statement_kinds = [kind for kind in ResolvedNodeKind if kind.name.endswith("_STMT")]
    options.enabled_language_features = [
        feature
        for feature in options.enabled_language_features
        if VERSIONED.sub("", LanguageFeature(feature).name) not in NOT_IN_BIGQUERY
    ]
    return options


def nodes(root):
    """Every node of an analysed statement, parents first; types and signatures are left out."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        for name, value in vars(node).items():
            if name in ("type", "signature", "annotation_map"):
                continue
            if isinstance(value, ProtoModel):
                waiting.append(value)
            elif isinstance(value, list):
                waiting.extend(item for item in value if isinstance(item, ProtoModel))


def kind(node):
    return type(node).__name__


def function_name(node):
    """The name of the function that a node calls; None for any other node."""
    function = getattr(node, "function", None)
    name = getattr(function, "name", None)
    return name.split(":")[-1].lower() if isinstance(name, str) else None


def conjuncts(expression):
    if expression is None:
        return []
    if function_name(expression) == "$and":
        return [part for argument in expression.argument_list for part in conjuncts(argument)]
    return [expression]


def columns_in(node):
    return {each.column.column_id for each in nodes(node) if kind(each) == "ResolvedColumnRef"}


def is_equality_of_sides(condition, left, right):
    if function_name(condition) != "$equal":
        return False
    a, b = (columns_in(argument) for argument in condition.argument_list)
    sides = ((a, b), (b, a))
    return any(one and other and one <= left and other <= right for one, other in sides)


def refused_join(node):
    """Troubleshooting joins: an outer join needs an equality of fields of both sides."""
    if kind(node) != "ResolvedJoinScan" or node.join_type is None or node.join_type.name == "INNER":
        return None
    left, right = ({column.column_id for column in scan.column_list} for scan in (node.left_scan, node.right_scan))
    if any(is_equality_of_sides(condition, left, right) for condition in conjuncts(node.join_expr)):
        return None
    return f"{node.join_type.name} OUTER JOIN cannot be used without a condition that is an equality of fields from both sides of the join"


def refused_subquery(node):
    """Subqueries: a correlated one over a table must be one that becomes a join, so it correlates by equality alone."""
    if kind(node) != "ResolvedSubqueryExpr" or not node.parameter_list:
        return None
    inside = list(nodes(node.subquery))
    if not any(kind(each) in ("ResolvedTableScan", "ResolvedWithRefScan") for each in inside):
        return None
    filters = [each.filter_expr for each in inside if kind(each) == "ResolvedFilterScan"]
    equal = {
        id(reference)
        for condition in (part for expression in filters for part in conjuncts(expression))
        if function_name(condition) == "$equal"
        for reference in nodes(condition)
    }
    loose = [each for each in inside if kind(each) == "ResolvedColumnRef" and each.is_correlated and id(each) not in equal]
    if loose or any(kind(each) == "ResolvedLimitOffsetScan" for each in inside):
        return "correlated subqueries that reference other tables are not supported unless they can be de-correlated"
    return None


def refused_function(node):
    name = function_name(node)
    if name is None or name.startswith("$"):
        return None
    if name not in FUNCTIONS:
        return f"function {name}: got one that is not on the list of BigQuery's functions; look it up in its reference, then add it to limits.py"
    if name in WINDOW_ONLY and kind(node) == "ResolvedAggregateFunctionCall":
        return f"function {name}: got it without OVER; BigQuery has it as a window function only"
    return None


def description_of(options):
    values = [option.value.value.value.string_value for option in options or [] if option.name == "description"]
    return values[0] or "" if values else ""


def refused_definition(statement):
    """Quotas and DDL reference: what a CREATE statement may say."""
    scope = getattr(statement, "create_scope", None)
    if scope is not None and scope.name == "CREATE_TEMP":
        return "CREATE TEMP needs a script or a session"
    if len(getattr(statement, "cluster_by_list", None) or []) > CLUSTERING_COLUMNS:
        return f"a table is clustered by at most {CLUSTERING_COLUMNS} columns"
    if len(description_of(getattr(statement, "option_list", None))) > TABLE_DESCRIPTION_CHARACTERS:
        return f"the description of a table has at most {TABLE_DESCRIPTION_CHARACTERS} characters"
    for column in getattr(statement, "column_definition_list", None) or []:
        options = column.annotations.option_list if column.annotations else []
        if len(description_of(options)) > COLUMN_DESCRIPTION_CHARACTERS:
            return f"the description of column {column.name} has more than {COLUMN_DESCRIPTION_CHARACTERS} characters"
    return None


def refusal(statement, sql):
    """None, or why BigQuery refuses a statement that was analysed."""
    if len(sql) > STATEMENT_CHARACTERS:
        return f"the statement has {len(sql)} characters, more than {STATEMENT_CHARACTERS}"
    reason = refused_definition(statement)
    for node in nodes(statement):
        reason = reason or refused_join(node) or refused_subquery(node) or refused_function(node)
    return reason
