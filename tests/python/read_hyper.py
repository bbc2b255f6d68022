"""Reads an extract with the official API: row counts, exact sums, and the first rows as text.

Usage: read_hyper.py <file.hyper>; prints {table: {rows, sums: {column: text}, columns: {name: type}, first: [[...]]}}.
"""

import json
import sys
from decimal import Decimal

from tableauhyperapi import Connection, HyperProcess, Telemetry, TypeTag

EXACT = (TypeTag.NUMERIC, TypeTag.BIG_INT, TypeTag.INT, TypeTag.SMALL_INT)


def describe(connection, table):
    definition = connection.catalog.get_table_definition(table)
    rows = connection.execute_list_query(f"SELECT * FROM {table}")
    sums = {}
    for index, column in enumerate(definition.columns):
        if column.type.tag in EXACT:
            # Python's own decimals and integers: no engine takes part in this sum.
            values = (row[index] for row in rows if row[index] is not None)
            sums[column.name.unescaped] = format(sum((Decimal(str(value)) for value in values), Decimal(0)), "f")
    return {
        "rows": len(rows),
        "sums": sums,
        "columns": {column.name.unescaped: str(column.type) for column in definition.columns},
        "first": [[None if value is None else str(value) for value in row] for row in rows[:5]],
    }


def main():
    import decimal

    decimal.getcontext().prec = 80
    with HyperProcess(telemetry=Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters={"log_config": ""}) as hyper:
        with Connection(endpoint=hyper.endpoint, database=sys.argv[1]) as connection:
            tables = connection.catalog.get_table_names("Extract")
            print(json.dumps({table.name.unescaped: describe(connection, table) for table in tables}))


if __name__ == "__main__":
    main()
