import type { DataSourceModel, ResolvedField } from './data_source_model.ts';
import { tableauType } from './hyper_types.ts';

/**
 * All fields of a data source by reference: `table.column` for a column, the bare name for a calculated field.
 * Related tables share one flat namespace in Tableau: the first table that has a column keeps the plain name, in
 * later ones it is called `column (table)`.
 * @throws Error when two fields would have one name.
 */
export function resolveFields(model: DataSourceModel): ReadonlyMap<string, ResolvedField> {
  const fields = new Map<string, ResolvedField>();
  const taken = new Set<string>();
  const claim = (local: string) => {
    const folded = local.toLowerCase(); // Tableau compares field names without regard to case
    if (taken.has(folded)) {
      throw new Error(
        `extracts: data source ${model.name}: got two fields named ${local}, want distinct names; rename one`,
      );
    }
    taken.add(folded);
    return local;
  };
  for (const table of model.tables) {
    for (const column of table.columns) {
      const plainIsFree = !taken.has(column.name.toLowerCase());
      const local = claim(plainIsFree ? column.name : `${column.name} (${table.name})`);
      const { datatype } = tableauType(column.type);
      fields.set(`${table.name}.${column.name}`, {
        kind: 'column',
        local,
        field: column,
        datatype,
        table,
        column,
      });
    }
  }
  for (const calculation of model.calculatedFields) {
    const local = claim(`Calculation_${calculation.name}`);
    const { datatype } = calculation;
    fields.set(calculation.name, { kind: 'calculation', local, field: calculation, datatype, calculation });
  }
  return fields;
}

/**
 * The field that a reference names.
 * @throws Error naming the reference when there is none.
 */
export function fieldOf(
  fields: ReadonlyMap<string, ResolvedField>,
  reference: string,
  where: string,
): ResolvedField {
  const found = fields.get(reference);
  if (found !== undefined) return found;
  throw new Error(
    `extracts: ${where}: got a reference to ${reference}, want a field of the data source; add the column to the model or correct the reference`,
  );
}

/** The references inside a formula: `{table.column}` and `{calculation}`. */
export function referencesIn(formula: string): readonly string[] {
  return [...formula.matchAll(/\{([A-Za-z_][\w.]*)\}/g)].flatMap(([, reference]) => reference ?? []);
}

/** A formula in Tableau's language: each reference replaced by the field's bracketed name. */
export function tableauFormula(
  fields: ReadonlyMap<string, ResolvedField>,
  formula: string,
  where: string,
): string {
  return formula.replace(/\{([A-Za-z_][\w.]*)\}/g, (_, reference: string) =>
    bracket(fieldOf(fields, reference, where).local),
  );
}

/** A field name in brackets; a closing bracket inside is doubled. */
export function bracket(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}
