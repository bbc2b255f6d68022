import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { validateXML } from 'xmllint-wasm';

const NEAR_THE_CHECKOUT = resolve(import.meta.dirname, '..', '..', '..', 'shared', 'tableau-xsd');

/** The folder with Tableau's published workbook schema: TABLEAU_XSD_DIR, else beside the checkout; null: absent. */
function schemaFolder(): string | null {
  const given = process.env.TABLEAU_XSD_DIR;
  if (given === undefined || given === '') return existsSync(NEAR_THE_CHECKOUT) ? NEAR_THE_CHECKOUT : null;
  if (existsSync(given)) return resolve(given);
  throw new Error(`tests: TABLEAU_XSD_DIR: got ${given}, want an existing folder; unset it or correct it`);
}

/**
 * What Tableau's own schema has against a workbook. Without the schema's folder the list is empty: the project's own
 * checker, which every test of a workbook runs too, stands alone there.
 */
export async function schemaErrors(twb: string): Promise<readonly string[]> {
  const folder = schemaFolder();
  if (folder === null) return [];
  const files = await readdir(folder);
  const main = files
    .filter((file) => /^twb_[\d.]+\.xsd$/.test(file))
    .toSorted()
    .at(0);
  if (main === undefined)
    throw new Error(`tests: ${folder}: got no twb_*.xsd, want Tableau's workbook schema`);
  const read = async (fileName: string) => ({
    fileName,
    contents: await readFile(join(folder, fileName), 'utf8'),
  });
  // The schema imports two namespaces without saying where they are: the stubs stand beside it.
  const schema = (await read(main)).contents.replaceAll(
    /<xs:import namespace="([^"]+)"\/>/g,
    (_, namespace: string) =>
      `<xs:import namespace="${namespace}" schemaLocation="${namespace.endsWith('/user') ? 'user_ns.xsd' : 'xml_ns.xsd'}"/>`,
  );
  const result = await validateXML({
    xml: [{ fileName: 'workbook.twb', contents: twb }],
    schema: [schema],
    preload: await Promise.all(['user_ns.xsd', 'xml_ns.xsd'].map(read)),
  });
  return result.errors.map((error) => error.message);
}
