import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ExportedPack, exportPack } from '../../pipelines/evidence/pack/export_pack.ts';
import { dataPaths } from '../../pipelines/paths.ts';
import { signingKey } from '../../pipelines/signing_key.ts';
import { lookInto } from '../../pipelines/warehouse_access.ts';
import { UsageError } from '../../schemas/errors.ts';
import { type Context, configure } from '../context.ts';
import { EXIT } from '../exit.ts';
import { bytes, whole } from '../progress.ts';

/** Writes the audit pack of a month. */
export async function evidenceExport(
  context: Context,
  month: string,
  { output }: { readonly output?: string },
): Promise<number> {
  const { config } = await configure(context, { start: false, now: null });
  const data = dataPaths(config.data_dir);
  if (!existsSync(data.warehouse))
    throw new UsageError(
      `evidence: warehouse: got no file ${data.warehouse}, want one; run \`meterline run\` first`,
    );
  const folder = resolve(output ?? join(data.evidence, 'packs', month));
  const signer = await signingKey(config);
  const tell = (item: string, done: number, total: number | null) =>
    context.output.onEvent({
      kind: 'progress',
      stage: 'extract',
      item: `pack ${item}`,
      done,
      total,
      unit: item === 'tables' || item === 'report' ? 'files' : 'entries',
      share: null,
    });
  const pack = await lookInto(data, (warehouse) =>
    exportPack(
      { data, warehouse, origin: config.evidence.origin, signer, now: () => new Date(), tell },
      month,
      folder,
    ),
  );
  context.output.print(context.json ? JSON.stringify(pack) : renderPack(pack));
  return EXIT.done;
}

function renderPack(pack: ExportedPack): string {
  const rows = pack.tables.map(({ name, rows: number }) => `${name} ${whole(number)}`);
  return [
    `✓ audit pack of ${pack.month}${pack.status === 'closed' ? '' : ` (DRAFT: the month is ${pack.status === 'open' ? 'open' : 'prepared, not approved'})`}`,
    `  ${pack.folder}`,
    `  ${whole(pack.files)} files, ${bytes(pack.bytes)}; read report.html or report.pdf first, check it by VERIFY.md`,
    `  rows      ${rows.join(', ')}`,
    `  log       ${whole(pack.leaves)} leaves and ${whole(pack.proofs)} proofs, checkpoint of ${whole(pack.tree_size)} entries, root ${pack.root_hash.slice(0, 16)}…, ${pack.has_timestamp ? 'with' : 'without'} a time stamp`,
    `  manifest  SHA-256 ${pack.manifest_sha256}, ${pack.is_signed ? 'signed in pack.note' : 'not signed: no signing key'}`,
    ...(pack.absent.length === 0
      ? []
      : [
          `  ! not in it, since the models were not built (\`meterline run --only transform\`): ${pack.absent.join(', ')}`,
        ]),
  ].join('\n');
}
