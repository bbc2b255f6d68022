"""Holds every statement that dbt compiled for BigQuery against Google's own SQL analyzer.

usage: bigquery_analyze.py <manifest.json> <raw tables.json>

The second file gives the tables that the models read but do not build: relation -> {column: GoogleSQL type}.
Models are analysed in the order of their dependencies; each one's output columns become a table for the next, and are held
against the types of its contract. Prints one JSON document: {"analysed": n, "failures": [{"name", "message"}]}.
"""

import json
import sys

from zetasql.api import Analyzer, CatalogBuilder, TableBuilder
from zetasql.types import AnalyzerOptions, LanguageOptions, ResolvedNodeKind, TypeKind, ZetaSQLBuiltinFunctionOptions

KINDS = {
    "STRING": TypeKind.TYPE_STRING,
    "INT64": TypeKind.TYPE_INT64,
    "NUMERIC": TypeKind.TYPE_NUMERIC,
    "BIGNUMERIC": TypeKind.TYPE_BIGNUMERIC,
    "FLOAT64": TypeKind.TYPE_DOUBLE,
    "BOOL": TypeKind.TYPE_BOOL,
    "DATE": TypeKind.TYPE_DATE,
    "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
    "BYTES": TypeKind.TYPE_BYTES,
}

# The analyzer knows more of the language than BigQuery runs.
NOT_IN_BIGQUERY = {"percentile_cont(": "over", "percentile_disc(": "over"}


def language():
    options = LanguageOptions.maximum_features()
    options.reserved_keywords = ["QUALIFY"]
    options.supported_statement_kinds = [kind for kind in ResolvedNodeKind if kind.name.endswith("_STMT")]
    return options


def relation_name(node):
    return ".".join(part.strip("`") for part in node["relation_name"].split("."))


def build_table(name, columns):
    builder = TableBuilder(name)
    for column, kind in columns.items():
        builder = builder.add_column(column, KINDS[kind])
    return builder.build()


def ordered(nodes):
    """Nodes after all that they depend on."""
    done, order = set(), []

    def visit(name):
        if name in done or name not in nodes:
            return
        done.add(name)
        for parent in nodes[name]["depends_on"]["nodes"]:
            visit(parent)
        order.append(nodes[name])

    for name in sorted(nodes):
        visit(name)
    return order


def contract_types(node):
    return {name: column["data_type"].split("(")[0].upper() for name, column in node["columns"].items()}


def without_backticks(sql, names):
    """A three-part name is one table of the catalogue here."""
    for name in names:
        project, dataset, table = name.split(".")
        sql = sql.replace(f"`{project}`.`{dataset}`.`{table}`", f"`{name}`")
    return sql


def refused(sql):
    lower = sql.lower()
    for function, needed in NOT_IN_BIGQUERY.items():
        start = lower.find(function)
        if start >= 0 and needed not in lower[start : start + 200]:
            return f"{function}...) without {needed}: BigQuery has it as a window function only"
    return None


class Warehouse:
    """The tables known so far, by full name."""

    def __init__(self, tables):
        self.language = language()
        self.options = AnalyzerOptions(language_options=self.language, default_timezone="UTC")
        self.tables = dict(tables)

    def analyzer(self, names):
        builder = CatalogBuilder("warehouse").with_builtin_functions(
            ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        )
        for name in names:
            builder = builder.add_table(build_table(name, self.tables[name]))
        return Analyzer(self.options, builder.build())

    def columns_of(self, sql, analyzer=None):
        """Output columns and types of a query, by an analyzer of all tables or else of those that it names."""
        sql = without_backticks(sql, self.tables)
        if analyzer is None:
            analyzer = self.analyzer([name for name in self.tables if f"`{name}`" in sql])
        statement = analyzer.analyze_statement(sql)
        return {column.name: column.column.type.type_name().replace("DOUBLE", "FLOAT64") for column in statement.output_column_list}


def analyse_model(node, warehouse):
    """None, or what is wrong with a model; its contract, or else its output, becomes a table for the next ones."""
    wanted = contract_types(node) if node["config"]["contract"]["enforced"] else None
    if wanted is not None:
        warehouse.tables[relation_name(node)] = wanted
    try:
        columns = warehouse.columns_of(node["compiled_code"])
    except Exception as error:  # the package raises several unrelated types
        return str(error)
    if wanted is None:
        warehouse.tables[relation_name(node)] = columns
    elif wanted != columns:
        names = sorted(wanted.keys() | columns.keys())
        return "; ".join(f"{c}: got {columns.get(c)}, want {wanted.get(c)}" for c in names if columns.get(c) != wanted.get(c))
    return refused(node["compiled_code"])


def analyse_test(node, warehouse, analyzer):
    """None, or what is wrong with a test."""
    try:
        warehouse.columns_of(node["compiled_code"], analyzer)
    except Exception as error:  # the package raises several unrelated types
        return str(error)
    return refused(node["compiled_code"])


def main(manifest_path, tables_path):
    with open(manifest_path, encoding="utf-8") as file:
        manifest = json.load(file)
    with open(tables_path, encoding="utf-8") as file:
        warehouse = Warehouse(json.load(file))
    for seed in manifest["nodes"].values():
        if seed["resource_type"] == "seed":
            warehouse.tables[relation_name(seed)] = {c: t.upper() for c, t in seed["config"]["column_types"].items()}
    models = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    verdicts = [(node["name"], analyse_model(node, warehouse)) for node in ordered(models)]
    everything = warehouse.analyzer(warehouse.tables)
    verdicts += [(node["name"], analyse_test(node, warehouse, everything)) for node in tests]
    failures = [{"name": name, "message": message[:2000]} for name, message in verdicts if message is not None]
    json.dump({"analysed": len(verdicts), "failures": failures}, sys.stdout, indent=1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
