/** A whole number as text, thousands apart; `-` for none. */
export function count(value: string | number | null | undefined): string {
  return value === null || value === undefined ? '-' : decimal(String(value));
}

/**
 * A decimal text for people: exact, thousands apart, without zeros that say nothing, but with `least` fraction digits.
 * `-` for none.
 */
export function decimal(value: string | null | undefined, least = 0): string {
  if (value === null || value === undefined) return '-';
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value) ?? [];
  if (whole === '') return value;
  const kept = fraction.replace(/0+$/, '').padEnd(least, '0');
  const apart = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
  return `${sign}${apart}${kept === '' ? '' : `.${kept}`}`;
}
