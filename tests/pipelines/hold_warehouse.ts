import { DuckDBInstance } from '@duckdb/node-api';

// Holds a DuckDB file open, as the dbt of a killed run does, until standard input ends.
const instance = await DuckDBInstance.create(process.argv[2] ?? '');
process.stdout.write('held\n');
process.stdin.resume().once('end', () => instance.closeSync());
