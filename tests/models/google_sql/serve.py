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
import sys
import tempfile

from engine import Engine
from zetasql.core import wasm_client


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


def answer(engine, request):
    try:
        if "define" in request:
            engine.tables.update(request["define"])
            engine.tables = {name: columns for name, columns in engine.tables.items() if columns is not None}
            return {}
        if "run" in request:
            return engine.run(request["run"])
        if "describe" in request:
            return {name: engine.tables[name] for name in request["describe"]}
        return engine.evaluate(request["evaluate"], request["inputs"])
    except Exception as error:  # the package raises several unrelated types
        return {"error": str(error)[:4000]}


def main(folder):
    settings = keep_compiled(folder)
    engine = Engine()
    os.remove(settings)
    print("{}", flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(engine, json.loads(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
