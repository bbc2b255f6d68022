import { join } from 'node:path';
import { programPaths } from '../pipelines/paths.ts';
import { writeDocs } from './write_docs.ts';

// npm run docs: the models' documentation as one page.
const file = join(programPaths().root, 'data/docs/models.html');
await writeDocs(file);
process.stdout.write(`${file}\n`);
