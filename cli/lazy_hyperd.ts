import { findHyperd, type Hyperd, startHyperd } from '../extracts/hyperd.ts';
import { programPaths } from '../pipelines/paths.ts';

/**
 * A hyperd that starts with the first connection, for the simulated Tableau, which opens what is published to it. It
 * stops when this process ends.
 */
export function lazyHyperd(): Pick<Hyperd, 'connect'> {
  let running: Promise<Hyperd> | null = null;
  return {
    connect: async (database) => {
      running ??= findHyperd(programPaths().venv).then(startHyperd);
      return (await running).connect(database);
    },
  };
}
