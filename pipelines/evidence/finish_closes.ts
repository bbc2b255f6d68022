import { type CloseNote, parseCloseNote } from '../../evidence/close_note.ts';
import { dropStaged, notedMonths, readStagedNote, settleClose } from '../../evidence/storage/close_files.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import type { DataPaths } from '../paths.ts';

/**
 * Finishes what a killed close left: its signed files get their names where the warehouse says that the month was closed
 * just so, and are thrown away where it was not. Nothing is signed here.
 */
export async function finishCloses({ evidence }: DataPaths, warehouse: Warehouse): Promise<void> {
  const closes = await warehouse.periodCloses();
  for (const month of await notedMonths(evidence, 'staged')) {
    const note = closeTextOf((await readStagedNote(evidence, month)) ?? '');
    const close = closes.find((each) => each.month === `${month}-01`);
    const isClosedSo =
      close !== undefined &&
      note !== null &&
      close.approved_at === note.approved_at &&
      close.approved_by === note.approved_by;
    if (isClosedSo) await settleClose(evidence, month);
  }
  await dropStaged(evidence);
}

/** What a staged note says, by whomever it is signed; null where it is none. */
function closeTextOf(note: string): CloseNote | null {
  try {
    return parseCloseNote(`${note.split('\n\n')[0]}\n`);
  } catch {
    return null;
  }
}
