import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SalesforceRecord } from '../../simulators/fleet/types.ts';
import { objectSpecs } from '../../simulators/salesforce/objects.ts';
import { SalesforceError } from '../../simulators/salesforce/salesforce_error.ts';
import { planQuery, selectRecords } from '../../simulators/salesforce/soql_plan.ts';
import { javaDouble } from '../../simulators/salesforce/values.ts';
import { NOW, sourceOf } from './salesforce_fixture.ts';

const ROWS: readonly SalesforceRecord[] = [
  row('a', { Name: 'Alpha', ARR__c: 10, Renewal_Date__c: '2026-01-31', Target_Account__c: true }),
  row('b', { Name: 'beta', ARR__c: 2.5, SystemModstamp: '2026-02-01T00:00:00Z' }),
  row('c', { Name: 'Gam_ma', Industry: "it's 100%", Target_Account__c: false }),
  row('d', { Name: 'delta', ARR__c: 7, IsDeleted: true }),
];

function row(letter: string, more: SalesforceRecord): SalesforceRecord {
  const id = `001${letter.repeat(12)}`;
  return { Id: `${id}AAA`, SystemModstamp: '2026-01-01T00:00:00Z', IsDeleted: false, ...more };
}

/** The names of the accounts that a condition (and what follows it) selects. */
function select(tail: string, includeDeleted = false): readonly unknown[] {
  const plan = planQuery(`SELECT Name FROM Account ${tail}`, objectSpecs(), { includeDeleted });
  return [...selectRecords(plan, sourceOf({ Account: ROWS }), NOW)].map((record) => record.Name);
}

function refusal(soql: string): string {
  try {
    planQuery(soql, objectSpecs(), { includeDeleted: false });
  } catch (error) {
    if (error instanceof SalesforceError) return `${error.status} ${error.errorCode}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('SOQL conditions', () => {
  test.each([
    ['', ['Alpha', 'beta', 'Gam_ma']],
    ["WHERE Name = 'ALPHA'", ['Alpha']],
    ["where name != 'alpha'", ['beta', 'Gam_ma']],
    ['WHERE ARR__c >= 2.5 AND ARR__c < 10', ['beta']],
    ['WHERE ARR__c = null', ['Gam_ma']],
    ['WHERE ARR__c != null', ['Alpha', 'beta']],
    ['WHERE NOT ARR__c > 5', ['beta', 'Gam_ma']],
    ['WHERE ARR__c <> 10', ['beta', 'Gam_ma']],
    ['WHERE Target_Account__c = TRUE', ['Alpha']],
    ["WHERE Name IN ('alpha', 'BETA')", ['Alpha', 'beta']],
    ["WHERE Name NOT IN ('alpha', 'BETA')", ['Gam_ma']],
    ["WHERE Name LIKE '%a'", ['Alpha', 'beta', 'Gam_ma']],
    ["WHERE Name LIKE 'B_t%'", ['beta']],
    ["WHERE Name LIKE '%\\_%'", ['Gam_ma']],
    ["WHERE Industry = 'it\\'s 100%'", ['Gam_ma']],
    ["WHERE Industry LIKE '%100\\%'", ['Gam_ma']],
    ['WHERE Renewal_Date__c <= 2026-01-31', ['Alpha']],
    ['WHERE SystemModstamp >= 2026-02-01T01:00:00+01:00', ['beta']],
    ['WHERE SystemModstamp > 2026-02-01T00:00:00.000Z', []],
    ["WHERE Id = '001aaaaaaaaaaaa'", ['Alpha']],
    ["WHERE (Name = 'Alpha' OR Name = 'beta') AND ARR__c < 5", ['beta']],
    ['ORDER BY ARR__c', ['Gam_ma', 'beta', 'Alpha']],
    ['ORDER BY ARR__c DESC NULLS LAST', ['Alpha', 'beta', 'Gam_ma']],
    ['ORDER BY ARR__c DESC', ['Gam_ma', 'Alpha', 'beta']],
    ['ORDER BY Target_Account__c NULLS LAST, Name', ['Gam_ma', 'Alpha', 'beta']],
    ['ORDER BY Name LIMIT 1 OFFSET 1', ['beta']],
    ['LIMIT 0', []],
  ])('%s', (tail, names) => {
    expect(select(tail)).toEqual(names);
  });

  test('queryAll shows deleted records too', () => {
    expect(select('WHERE ARR__c = 7')).toEqual([]);
    expect(select('WHERE ARR__c = 7', true)).toEqual(['delta']);
    expect(select('WHERE IsDeleted = true', true)).toEqual(['delta']);
  });

  test('any text finds itself when it is quoted as SOQL wants it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        const quoted = name.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n');
        const soql = `SELECT Id FROM Account WHERE Name = '${quoted}'`;
        const plan = planQuery(soql, objectSpecs(), { includeDeleted: true });
        expect(plan.matches({ Name: name })).toBe(true);
        expect(plan.matches({ Name: `${name}x` })).toBe(false);
      }),
    );
  });
});

describe('SOQL refusals', () => {
  test.each([
    ['SELECT Nope FROM Account', '400 INVALID_FIELD', "No such column 'Nope' on entity 'Account'"],
    ['SELECT IsDeleted FROM User', '400 INVALID_FIELD', "No such column 'IsDeleted' on entity 'User'"],
    ['SELECT Id FROM Nope', '400 INVALID_TYPE', "sObject type 'Nope' is not supported"],
    ['SELECT Id FROM', '400 MALFORMED_QUERY', "unexpected token: '<EOF>'"],
    ['SELECT Id, FROM Account', '400 MALFORMED_QUERY', "unexpected token: 'Account'"],
    ["SELECT Id FROM Account WHERE Name = 'open", '400 MALFORMED_QUERY', "unexpected token: '''"],
    ['SELECT Id, id FROM Account', '400 MALFORMED_QUERY', 'duplicate field selected: id'],
    ["SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", '400 MALFORMED_QUERY', "'OR'"],
    ["SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'", '400 INVALID_FIELD', 'dateTime'],
    ['SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01', '400 INVALID_FIELD', 'dateTime'],
    ['SELECT Id FROM Account WHERE Name = 5', '400 INVALID_FIELD', 'should be enclosed in quotes'],
    ['SELECT Id FROM Account LIMIT -1', '400 MALFORMED_QUERY', "unexpected token: '-1'"],
    ['SELECT Id FROM Account OFFSET 2001', '400 NUMBER_OUTSIDE_VALID_RANGE', '2000'],
    ['SELECT Id FROM Account GROUP BY Id', '400 MALFORMED_QUERY', "unexpected token: 'GROUP'"],
  ])('%s', (soql, code, message) => {
    expect(refusal(soql)).toContain(code);
    expect(refusal(soql)).toContain(message);
  });
});

test.each([
  [0, '0.0'],
  [25_000, '25000.0'],
  ['1234.50', '1234.5'],
  [-0.25, '-0.25'],
  [9_999_999.99, '9999999.99'],
  [10_000_000, '1.0E7'],
  [99_213_206, '9.9213206E7'],
  [-16_147_805_824_397, '-1.6147805824397E13'],
  [0.0005, '5.0E-4'],
])('%s is written as Java writes a double', (value, text) => {
  expect(javaDouble(value)).toBe(text);
  expect(Number(text)).toBe(Number(value));
});
