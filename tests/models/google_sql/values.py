"""Values as texts, and as the evaluator takes them.

A text is: a decimal or whole number in digits, a float as Python reads it, true or false, a day as yyyy-mm-dd, a time as
microseconds since 1970 (UTC), bytes in hex, a text as it is. Null is None.
"""

import datetime
from decimal import Context

from zetasql.types import TypeKind

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
EXACT = Context(prec=100)
EPOCH = datetime.date(1970, 1, 1).toordinal()


def as_text(column, kind):
    """The SQL expression that gives a column as text."""
    quoted = f"`{column}`"
    if kind == "TIMESTAMP":
        return f"cast(unix_micros({quoted}) as string)"
    if kind == "BYTES":
        return f"to_hex({quoted})"
    return quoted if kind == "STRING" else f"cast({quoted} as string)"


def scaled(text, digits):
    """A decimal as the evaluator's bytes: the whole number of its digits, little-endian two's complement."""
    number = int(EXACT.scaleb(EXACT.create_decimal(text), digits).to_integral_exact())
    return number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)


def set_timestamp(cell, text):
    seconds, micros = divmod(int(text), 1_000_000)
    cell.timestamp_value.seconds = seconds
    cell.timestamp_value.nanos = micros * 1000


SETTERS = {
    "STRING": lambda cell, text: setattr(cell, "string_value", text),
    "INT64": lambda cell, text: setattr(cell, "int64_value", int(text)),
    "FLOAT64": lambda cell, text: setattr(cell, "double_value", float(text)),
    "BOOL": lambda cell, text: setattr(cell, "bool_value", text == "true"),
    "DATE": lambda cell, text: setattr(cell, "date_value", datetime.date.fromisoformat(text).toordinal() - EPOCH),
    "NUMERIC": lambda cell, text: setattr(cell, "numeric_value", scaled(text, 9)),
    "BIGNUMERIC": lambda cell, text: setattr(cell, "bignumeric_value", scaled(text, 38)),
    "BYTES": lambda cell, text: setattr(cell, "bytes_value", bytes.fromhex(text)),
    "TIMESTAMP": set_timestamp,
}


def fill(content, kinds, rows):
    """Puts rows of texts into a table of the evaluator."""
    content.table_data.SetInParent()  # a table without rows is one, too
    setters = [SETTERS[kind] for kind in kinds]
    for row in rows:
        cells = content.table_data.row.add().cell
        for setter, text in zip(setters, row, strict=True):
            cell = cells.add()
            if text is not None:
                setter(cell, text)
