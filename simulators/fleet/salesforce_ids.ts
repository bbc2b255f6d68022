const BASE_62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const CHECK = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** Key prefixes of the standard objects. */
export const KEY_PREFIXES = {
  Account: '001',
  Contact: '003',
  Opportunity: '006',
  Contract: '800',
  Entitlement: '550',
  Case: '500',
  User: '005',
  UserRole: '00E',
  Profile: '00e',
  PermissionSetAssignment: '0Pa',
  PermissionSet: '0PS',
} as const;

/** The 18-character id of record `number` of an object: 15 case-sensitive characters and their check suffix. */
export function salesforceId(object: keyof typeof KEY_PREFIXES, number: number): string {
  let rest = number;
  let digits = '';
  while (digits.length < 7) {
    digits = BASE_62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  const id = `${KEY_PREFIXES[object]}Qx000${digits}`;
  return id + checkSuffix(id);
}

/**
 * The three characters that make a 15-character id safe to compare without case: one for each five characters,
 * its bits set where they are capital letters, the first character in the lowest bit.
 */
export function checkSuffix(id: string): string {
  return [0, 5, 10]
    .map((from) => {
      const bits = [...id.slice(from, from + 5)].map((c, i) => (c >= 'A' && c <= 'Z' ? 1 << i : 0));
      return CHECK.charAt(bits.reduce((sum, bit) => sum + bit, 0));
    })
    .join('');
}

/** The account of a customer: the first (0), or the second (1) where two exist. */
export function accountId(customer: number, nth: 0 | 1): string {
  return salesforceId('Account', customer * 2 + nth + 1);
}
