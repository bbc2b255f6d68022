import { join } from 'node:path';
import type { DataSourceModel } from '../../extracts/data_source_model.ts';
import { writeHyper } from '../../extracts/hyper_file.ts';
import type { Hyperd } from '../../extracts/hyperd.ts';
import { packageDataSource, packageWorkbook } from '../../extracts/package.ts';
import { usageAndChurnWorkbook } from '../../extracts/workbooks/usage_and_churn.ts';
import { usageAndChurnSource } from '../../extracts/workbooks/usage_and_churn_source.ts';
import { exportMarts } from './sample_extract.ts';
import { SAMPLE_TABLES } from './sample_model.ts';

export interface SamplePackages {
  readonly model: DataSourceModel;
  readonly hyper: string;
  readonly tdsx: string;
  readonly twbx: string;
}

/** A whole extract with its data source and workbook, in a folder. */
export async function makePackages(hyperd: Hyperd, folder: string): Promise<SamplePackages> {
  const tables = await exportMarts(folder);
  const hyper = join(folder, 'meterline.hyper');
  await writeHyper({ hyperd, path: hyper, tables });
  const model = usageAndChurnSource(SAMPLE_TABLES);
  const workbook = usageAndChurnWorkbook(model, '2026-01-31');
  const tdsx = await packageDataSource({ model, hyperPath: hyper, path: join(folder, 'meterline.tdsx') });
  const twbx = await packageWorkbook({
    workbook,
    model,
    source: { hyperPath: hyper },
    path: join(folder, 'meterline.twbx'),
  });
  return { model, hyper, tdsx: tdsx.path, twbx: twbx.path };
}
