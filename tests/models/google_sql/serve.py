"""Google's own analyzer and reference evaluator of its SQL, as a process that answers one JSON line with another.

usage: serve.py <folder in which the compiled engine is kept>

Requests:
  {"define": {table: {column: type}}}     tables that exist; a null for the columns ends one
  {"run": sql}                            what a query job would do: each statement is analysed, and held against what
      BigQuery refuses; tables that it makes exist from then on. Answers {"kind", "target", "columns", "rows"}: rows of a
      query that reads no table, by the evaluator; null for any other.
  {"describe": [table]}                   columns and types of tables that exist
  {"evaluate": sql, "inputs": {table: rows}}   columns and rows of a query over the rows of tables that exist
Tables are named project.dataset.table; types are GoogleSQL's; rows hold texts (values.py). An answer {"error"} says what
is wrong. The first line that is written is {} as soon as requests are taken.
"""

import json
import os
import re
import sys
import tempfile

import limits
import values
from zetasql.api import Analyzer, CatalogBuilder, TableBuilder
from zetasql.core import wasm_client
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.types import AnalyzerOptions, ParseResumeLocation, PrepareQueryRequest, ZetaSQLBuiltinFunctionOptions
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

NAME = re.compile(r"`([\w-]+)`\.`(\w+)`\.`(\w+)`")
KINDS = {
    "ResolvedQueryStmt": "SELECT",
    "ResolvedCreateTableAsSelectStmt": "CREATE_TABLE_AS_SELECT",
    "ResolvedCreateTableStmt": "CREATE_TABLE",
    "ResolvedCreateViewStmt": "CREATE_VIEW",
    "ResolvedCreateSchemaStmt": "CREATE_SCHEMA",
    "ResolvedMergeStmt": "MERGE",
    "ResolvedInsertStmt": "INSERT",
    "ResolvedDeleteStmt": "DELETE",
    "ResolvedUpdateStmt": "UPDATE",
    "ResolvedDropStmt": "DROP_TABLE",
    "ResolvedAlterTableStmt": "ALTER_TABLE",
    "ResolvedAlterTableSetOptionsStmt": "ALTER_TABLE",
    "ResolvedBeginStmt": "BEGIN_TRANSACTION",
    "ResolvedCommitStmt": "COMMIT_TRANSACTION",
}


def keep_compiled(folder):
    """Compiling the engine takes half a minute of processor time: what comes of it is kept in a folder."""
    os.makedirs(folder, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as file:
        file.write(f"[cache]\ndirectory = {json.dumps(os.path.abspath(folder))}\n")

    class Kept(wasm_client.Config):
        def __init__(self):
            super().__init__()
            self.cache = file.name

    wasm_client.Config = Kept
    return file.name


def one_name(sql):
    """A three-part name is one table of the catalogue here."""
    return NAME.sub(r"`\1.\2.\3`", sql)


def columns_of(statement):
    """What a statement gives, or what the table has that it makes."""
    if type(statement).__name__ == "ResolvedCreateTableStmt":
        columns = [(each.name, each.type) for each in statement.column_definition_list]
    else:
        columns = [(each.name, each.column.type) for each in getattr(statement, "output_column_list", None) or []]
    return {name: kind.type_name().replace("DOUBLE", "FLOAT64") for name, kind in columns}


class Engine:
    def __init__(self):
        self.language = limits.language()
        self.options = AnalyzerOptions(language_options=self.language, default_timezone="UTC")
        self.functions = ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        self.service = ZetaSqlLocalService.get_instance()
        self.tables = {}

    def catalogue(self, sql):
        """The tables that a statement names."""
        builder = CatalogBuilder("warehouse").with_builtin_functions(self.functions)
        for name in sorted({match for match in re.findall(r"`([^`]+)`", sql) if match in self.tables}):
            table = TableBuilder(name)
            for column, kind in self.tables[name].items():
                table = table.add_column(column, values.KINDS[kind])
            builder = builder.add_table(table.build())
        return builder.build()

    def statements(self, sql):
        """Each statement of a job, analysed with the tables that are there by then."""
        place = ParseResumeLocation(input=sql, byte_position=0)
        size = len(sql.encode())
        while place.byte_position < size and sql.encode()[place.byte_position :].strip():
            statement = Analyzer(self.options, self.catalogue(sql)).analyze_next_statement(place)
            reason = limits.refusal(statement, sql)
            if reason is not None:
                raise ValueError(reason)
            yield statement

    def run(self, sql):
        sql = one_name(sql)
        last = None
        for last in self.statements(sql):
            self.apply(last)
        if last is None:
            raise ValueError("got no statement, want one")
        kind = type(last).__name__
        columns = columns_of(last)
        reads = any(limits.kind(node) == "ResolvedTableScan" for node in limits.nodes(last))
        rows = self.rows(sql.rstrip().rstrip(";"), columns, {}) if kind == "ResolvedQueryStmt" and not reads else None
        target = ".".join(getattr(last, "name_path", None) or []) or None
        return {"kind": KINDS.get(kind, kind), "target": target, "columns": columns, "rows": rows}

    def apply(self, statement):
        name = ".".join(getattr(statement, "name_path", None) or [])
        kind = type(statement).__name__
        if kind in ("ResolvedCreateTableStmt", "ResolvedCreateTableAsSelectStmt", "ResolvedCreateViewStmt"):
            self.tables[name] = columns_of(statement)
        elif kind == "ResolvedDropStmt":
            self.tables.pop(name, None)

    def evaluate(self, sql, inputs):
        sql = one_name(sql)
        columns = columns_of(Analyzer(self.options, self.catalogue(sql)).analyze_statement(sql))
        return {"columns": columns, "rows": self.rows(sql, columns, inputs)}

    def rows(self, sql, columns, inputs):
        texts = ", ".join(values.as_text(column, kind) for column, kind in columns.items())
        request = PrepareQueryRequest(
            sql=f"select to_json_string([{texts}]) from (\n{sql}\n)", options=self.options, simple_catalog=self.catalogue(sql)
        ).to_proto()
        for name, rows in inputs.items():
            values.fill(request.table_content[name], list(self.tables[name].values()), rows)
        prepared = self.call("PrepareQuery", request, local_service_pb2.PrepareQueryResponse).prepared
        run = local_service_pb2.EvaluateQueryRequest(prepared_query_id=prepared.prepared_query_id)
        answer = self.call("EvaluateQuery", run, local_service_pb2.EvaluateQueryResponse)
        self.service.unprepare_query(prepared_query_id=prepared.prepared_query_id)
        return [json.loads(row.cell[0].string_value) for row in answer.content.table_data.row]

    def call(self, name, request, response):
        return self.service.wasm_client.call_grpc_func(f"ZetaSqlLocalService_{name}", request, response)

    def answer(self, request):
        try:
            if "define" in request:
                self.tables.update(request["define"])
                self.tables = {name: columns for name, columns in self.tables.items() if columns is not None}
                return {}
            if "run" in request:
                return self.run(request["run"])
            if "describe" in request:
                return {name: self.tables[name] for name in request["describe"]}
            return self.evaluate(request["evaluate"], request["inputs"])
        except Exception as error:  # the package raises several unrelated types
            return {"error": str(error)[:4000]}


def main(folder):
    settings = keep_compiled(folder)
    engine = Engine()
    os.remove(settings)
    print("{}", flush=True)
    for line in sys.stdin:
        print(json.dumps(engine.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
