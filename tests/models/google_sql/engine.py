"""Statements analysed as BigQuery does before it runs a query job, and queries evaluated over rows that are given."""

import json
import re

import limits
import values
from google.protobuf.message import DecodeError
from zetasql.api import Analyzer, CatalogBuilder, TableBuilder
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.types import AnalyzerOptions, ParseResumeLocation, PrepareQueryRequest, ZetaSQLBuiltinFunctionOptions
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2
from zetasql.wasi._pb2.zetasql.public import type_pb2

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


def with_queries(kept, text):
    """A query in brackets, with those that it names before it."""
    named = [f"{name} as {query}" for name, query in kept.items() if re.search(rf"\b{name}\b", text)]
    return f"(with {', '.join(named)} {text})" if named else f"({text})"


def is_read_once(name, text):
    return re.findall(rf"(\bfrom|\bjoin|,)\s+{name}\b", text) == ["from"]


class Engine:
    def __init__(self):
        self.language = limits.language()
        self.options = AnalyzerOptions(language_options=self.language, default_timezone="UTC")
        self.functions = ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        self.service = ZetaSqlLocalService.get_instance()
        self.tables = {}
        self.steps = {}

    def named(self, sql):
        """The tables that a statement names, steps of a query among them."""
        tables = {name: self.tables[name] for name in re.findall(r"`([^`]+)`", sql) if name in self.tables}
        return tables | {name: self.steps[name] for name in re.findall(r"\w+", sql) if name in self.steps}

    def catalogue(self, tables):
        builder = CatalogBuilder("warehouse").with_builtin_functions(self.functions)
        for name, columns in tables.items():
            table = TableBuilder(name)
            for column, kind in columns.items():
                table = table.add_column(column, values.KINDS[kind])
            builder = builder.add_table(table.build())
        return builder.build()

    def analyzer(self, sql):
        return Analyzer(self.options, self.catalogue(self.named(sql)))

    def statements(self, sql):
        """Each statement of a job, analysed with the tables that are there by then."""
        place = ParseResumeLocation(input=sql, byte_position=0)
        size = len(sql.encode())
        while place.byte_position < size and sql.encode()[place.byte_position :].strip():
            statement = self.analyzer(sql).analyze_next_statement(place)
            reason = limits.refusal(statement, sql)
            if reason is not None:
                raise ValueError(reason)
            yield statement

    def run(self, sql):
        sql = one_name(sql)
        self.steps = {}
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
        """In steps: the evaluator would work out a WITH query anew wherever it is read, row by row of a join at worst.
        One that is read once, at the head of a FROM, stays where it is read, if that makes no deep nest: what the analyzer
        answers could not be read."""
        sql = one_name(sql)
        self.steps, kept = {}, {}
        queries, last = self.parts(sql)
        for i, (name, text) in enumerate(queries):
            query = with_queries(kept, text)
            columns = self.columns(query)
            later = " ".join([text for _, text in queries[i + 1 :]] + [last])
            is_flat = query == with_queries({}, text)
            if is_flat and is_read_once(name, later) or not all(kind in values.KINDS for kind in columns.values()):
                kept[name] = query
            else:
                inputs[name] = self.rows(query, columns, inputs)
                self.steps[name] = columns
        query = with_queries(kept, last)
        columns = self.columns(query)
        return {"columns": columns, "rows": self.rows(query, columns, inputs)}

    def parts(self, sql):
        """Name and text, in brackets, of each WITH query, and what follows them."""
        clause = self.service.parse(sql_statement=sql, options=self.language).parsed_statement.query.with_clause
        if clause is None:
            return [], sql
        encoded = sql.encode()
        places = [(each.alias.id_string, each.query.parse_location_range) for each in clause.with_]
        queries = [(name, encoded[place.start : place.end].decode()) for name, place in places]
        return queries, encoded[clause.parse_location_range.end :].decode()

    def columns(self, sql):
        try:
            return columns_of(self.analyzer(sql).analyze_statement(sql))
        except DecodeError:
            # Protobuf reads a tree of a hundred levels; expressions may be deeper. What is prepared says only its columns.
            return self.prepared_columns(sql)

    def prepared_columns(self, sql):
        request = PrepareQueryRequest(
            sql=sql, options=self.options, simple_catalog=self.catalogue(self.named(sql))
        ).to_proto()
        prepared = self.call("PrepareQuery", request, local_service_pb2.PrepareQueryResponse).prepared
        self.service.unprepare_query(prepared_query_id=prepared.prepared_query_id)
        kinds = type_pb2.TypeKind
        names = {each.name: kinds.Name(each.type.type_kind).removeprefix("TYPE_") for each in prepared.columns}
        return {name: kind.replace("DOUBLE", "FLOAT64") for name, kind in names.items()}

    def rows(self, sql, columns, inputs):
        texts = ", ".join(values.as_text(column, kind) for column, kind in columns.items())
        tables = self.named(sql)
        request = PrepareQueryRequest(
            sql=f"select to_json_string([{texts}]) from (\n{sql}\n)", options=self.options, simple_catalog=self.catalogue(tables)
        ).to_proto()
        for name, kinds in tables.items():
            values.fill(request.table_content[name], list(kinds.values()), inputs[name])
        prepared = self.call("PrepareQuery", request, local_service_pb2.PrepareQueryResponse).prepared
        run = local_service_pb2.EvaluateQueryRequest(prepared_query_id=prepared.prepared_query_id)
        answer = self.call("EvaluateQuery", run, local_service_pb2.EvaluateQueryResponse)
        self.service.unprepare_query(prepared_query_id=prepared.prepared_query_id)
        return [json.loads(row.cell[0].string_value) for row in answer.content.table_data.row]

    def call(self, name, request, response):
        return self.service.wasm_client.call_grpc_func(f"ZetaSqlLocalService_{name}", request, response)
