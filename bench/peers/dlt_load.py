"""Loads one data set with dlt into a DuckDB file.

python dlt_load.py arrow|default readings|accounts <url> <folder> <page rows> <account query>
"""

import csv
import io
import os
import sys

STYLE, DATA, URL, FOLDER, PAGE_ROWS, QUERY = sys.argv[1:]

# Before dlt is imported: it reads its configuration from the environment.
os.environ['RUNTIME__DLTHUB_TELEMETRY'] = 'false'
os.environ['DLT_DATA_DIR'] = FOLDER
os.environ['DLT_PROJECT_DIR'] = FOLDER
if STYLE == 'arrow':
    # Parquet files are handed on as they are; several of them, so that DuckDB can begin before the last one.
    os.environ['NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID'] = 'false'
    os.environ['NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_ID'] = 'false'

import dlt  # noqa: E402
import pyarrow as pa  # noqa: E402
from pyarrow import csv as arrow_csv  # noqa: E402

from polaris_pages import reading_pages  # noqa: E402
from salesforce_bulk import account_pages  # noqa: E402

READING = pa.struct(
    [
        ('reading_id', pa.string()),
        ('seq', pa.int64()),
        ('customer_id', pa.string()),
        ('cluster_id', pa.string()),
        ('subscription_id', pa.string()),
        ('hour', pa.string()),
        ('dimension', pa.string()),
        ('quantity', pa.string()),
        ('unit', pa.string()),
        ('revision', pa.int64()),
        ('recorded_at', pa.string()),
        ('cloud', pa.string()),
        ('region', pa.string()),
        ('software_version', pa.string()),
    ]
)


def arrow_tables():
    """One pyarrow table a page. Decimals stay text: a cast would only add to what dlt takes."""
    if DATA == 'readings':
        for rows in reading_pages(URL, int(PAGE_ROWS)):
            yield pa.Table.from_struct_array(pa.array(rows, READING))
        return
    text = arrow_csv.ConvertOptions(column_types={'ARR__c': pa.string()})
    for body in account_pages(URL, QUERY, int(PAGE_ROWS)):
        yield arrow_csv.read_csv(pa.BufferReader(body), convert_options=text)


def dict_rows():
    """One list of rows a page, as dlt's own sources yield them."""
    if DATA == 'readings':
        yield from reading_pages(URL, int(PAGE_ROWS))
        return
    for body in account_pages(URL, QUERY, int(PAGE_ROWS)):
        yield list(csv.DictReader(io.StringIO(body.decode('utf-8'))))


def main():
    pipeline = dlt.pipeline(
        pipeline_name='peer',
        pipelines_dir=os.path.join(FOLDER, 'pipelines'),
        destination=dlt.destinations.duckdb(os.path.join(FOLDER, 'bench.duckdb')),
        dataset_name='loaded',
    )
    rows = arrow_tables() if STYLE == 'arrow' else dict_rows()
    options = {'loader_file_format': 'parquet'} if STYLE == 'arrow' else {}
    pipeline.run(dlt.resource(rows, name=DATA), write_disposition='append', **options).raise_on_failed_jobs()


if __name__ == '__main__':
    main()
