import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { validateXML } from 'xmllint-wasm';

/** The folder with Tableau's published workbook schema. @throws Error where TABLEAU_XSD_DIR does not name one */
function schemaFolder(): string {
  const given = process.env.TABLEAU_XSD_DIR ?? '';
  if (given !== '' && existsSync(given)) return resolve(given);
  throw new Error(
    `tests: TABLEAU_XSD_DIR: got "${given}", want the folder of the schemas of tableau/tableau-document-schemas`,
  );
}

/** What Tableau's own schema has against a workbook. */
export async function schemaErrors(twb: string): Promise<readonly string[]> {
  const folder = schemaFolder();
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
