const GROUP = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'));
const POINT_GROUP = GROUP.map((group) => `.${group}`);
const WHOLE = Array.from({ length: 4096 }, (_, i) => String(i));

/** The exact decimal text of billionths, with 0, 3, 6 or 9 fraction digits (what lies below them must be zero). */
export function decimalText(nano: number, digits: number): string {
  const whole = Math.floor(nano / 1e9);
  const text = whole < 4096 ? (WHOLE[whole] ?? '') : String(whole);
  if (digits === 0) return text;
  const rest = nano - whole * 1e9;
  const high = Math.floor(rest / 1e6);
  if (digits === 3) return text + POINT_GROUP[high];
  const middle = Math.floor(rest / 1e3) - high * 1000;
  if (digits === 6) return text + POINT_GROUP[high] + GROUP[middle];
  return text + POINT_GROUP[high] + GROUP[middle] + GROUP[rest - high * 1e6 - middle * 1000];
}

/** The exact decimal text, with 9 fraction digits, of wholes + billionths kept apart (both integers ≥ 0). */
export function sumText(wholes: number, nano: number): string {
  const carry = Math.floor(nano / 1e9);
  return `${wholes + carry}.${String(nano - carry * 1e9).padStart(9, '0')}`;
}
