import { DuckDBInstance } from '@duckdb/node-api';

// DuckDB alone over the same pages on disk: node duckdb_read.ts readings|accounts <folder of pages> <database>.
// One table, typed or (CSV) as text; no check, no request, nothing else written.
const [data = '', folder = '', database = ''] = process.argv.slice(2);

const READING = `STRUCT(reading_id VARCHAR, seq BIGINT, customer_id VARCHAR, cluster_id VARCHAR,
  subscription_id VARCHAR, hour VARCHAR, dimension VARCHAR, quantity DECIMAL(38,9), unit VARCHAR, revision BIGINT,
  recorded_at VARCHAR, cloud VARCHAR, region VARCHAR, software_version VARCHAR)[]`;
const LARGEST_PAGE = 256 * 1024 * 1024;
const SELECTS: Readonly<Record<string, string>> = {
  readings: `SELECT unnest(data, recursive := true) FROM read_json('${folder}/*', format := 'unstructured',
    columns := {data: '${READING}'}, maximum_object_size := ${LARGEST_PAGE})`,
  accounts: `SELECT * FROM read_csv('${folder}/*', header := true, all_varchar := true, quote := '"', escape := '"')`,
};
const select = SELECTS[data];
if (select === undefined) throw new Error(`bench: floor: got ${data}, want readings or accounts`);

const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
await connection.run(`CREATE TABLE loaded AS ${select}`);
connection.closeSync();
instance.closeSync();
