import { hash32, pick } from './hash.ts';

const FIRST = [
  'Bran',
  'Quor',
  'Sel',
  'Tor',
  'Vex',
  'Lum',
  'Orr',
  'Fen',
  'Mar',
  'Dun',
  'Hal',
  'Isk',
  'Jor',
  'Kel',
];
const SECOND = ['dova', 'lith', 'mere', 'nix', 'quist', 'rune', 'stral', 'tavia', 'vane', 'wick', 'zorn'];
const TRADE = [
  'Logistics',
  'Biolabs',
  'Foods',
  'Optics',
  'Energy',
  'Insurance',
  'Studios',
  'Mills',
  'Motors',
];
const GIVEN = [
  'Ada',
  'Bela',
  'Cyra',
  'Dov',
  'Eskil',
  'Fenja',
  'Goran',
  'Hedda',
  'Ilan',
  'Jora',
  'Kasi',
  'Liv',
];
const FAMILY = ['Arnwick', 'Belstrom', 'Corvane', 'Dresk', 'Elmquist', 'Farrow', 'Gantry', 'Holm', 'Istvane'];

/** An invented company: its name, and a domain under the reserved ending `.example`. */
export interface CompanyName {
  readonly name: string;
  readonly domain: string;
  readonly industry: string;
}

/** The invented company of one customer; no two customers of a fleet share a name. */
export function companyName(index: number): CompanyName {
  const trade = TRADE[index % TRADE.length] ?? 'Works';
  const first = FIRST[(index * 5) % FIRST.length] ?? 'Bran';
  const second = SECOND[(index * 3) % SECOND.length] ?? 'dova';
  const round = Math.floor(index / (TRADE.length * FIRST.length * SECOND.length));
  const name = `${first}${second} ${trade}${round === 0 ? '' : ` ${round + 1}`}`;
  return { name, domain: `${name.toLowerCase().replaceAll(' ', '-')}.example`, industry: trade };
}

/** An invented person. */
export interface PersonName {
  readonly given: string;
  readonly family: string;
}

/** The invented person with this number. */
export function personName(seed: number, number: number): PersonName {
  return {
    given: pick(GIVEN, hash32(seed, 71, number, 0)),
    family: pick(FAMILY, hash32(seed, 71, number, 1)),
  };
}
