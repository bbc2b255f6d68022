"""Runs queries with the reference evaluator of Google's SQL engine.

usage: bigquery_evaluate.py < queries.json; a JSON list of queries, each of which gives one column of JSON texts.
Prints a JSON list with the list of rows of each.
"""

import json
import sys

from zetasql.api import CatalogBuilder, PreparedQuery
from zetasql.types import AnalyzerOptions, LanguageOptions, ZetaSQLBuiltinFunctionOptions


def main(queries):
    language = LanguageOptions.maximum_features()
    language.reserved_keywords = ["QUALIFY"]
    options = AnalyzerOptions(language_options=language, default_timezone="UTC")
    functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
    catalog = CatalogBuilder("c").with_builtin_functions(functions).build()
    results = []
    for sql in queries:
        prepared = PreparedQuery.builder().set_sql(sql).set_analyzer_options(options).set_catalog(catalog).prepare()
        rows = prepared.execute().content.table_data.row
        results.append([json.loads(row.cell[0].string_value) for row in rows])
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main(json.load(sys.stdin))
