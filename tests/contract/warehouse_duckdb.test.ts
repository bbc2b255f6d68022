import { join } from 'node:path';
import { openDuckDbWarehouse } from '../../warehouse/duckdb/open_duckdb_warehouse.ts';
import type { OpenWarehouse } from './warehouse/opened.ts';
import { warehouseProperties } from './warehouse/properties.ts';
import { warehouseSuite } from './warehouse/suite.ts';

const openIn: OpenWarehouse = (directory) =>
  openDuckDbWarehouse({
    path: join(directory, 'warehouse.duckdb'),
    tempDir: join(directory, 'tmp'),
    memoryLimitMb: 256,
    threads: 2,
  });

warehouseSuite('DuckDB', openIn);
warehouseProperties('DuckDB', openIn);
