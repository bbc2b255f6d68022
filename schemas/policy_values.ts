import { z } from 'zod';

/** A decimal text with at most `fraction` fraction digits; `signed` allows a minus. Never a YAML number: exact. */
export const decimalText = (fraction: number, signed = false) =>
  z.string().regex(new RegExp(`^${signed ? '-?' : ''}\\d{1,18}(\\.\\d{1,${fraction}})?$`), {
    error: `want a quoted decimal${signed ? '' : ', not negative,'} with at most ${fraction} fraction digits`,
  });

export const name = z.string().min(1);
const email = z.string().regex(/^[^\s@]+@[^\s@]+$/, { error: 'want an e-mail address' });
export const version = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}\.\d+$/, { error: 'want a quoted text like "2026-01-01.1" (day, dot, number)' });
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'want a day like 2026-01-01' })
  .refine((value) => !Number.isNaN(Date.parse(value)) && new Date(value).toISOString().startsWith(value), {
    error: 'want a day that exists',
  });

export const AUTHORS = { prepared_by: email, approved_by: email };
/** `effective_to` is exclusive; both days start at 00:00 UTC. */
export const EFFECT = { effective_from: day, effective_to: day.nullable() };

interface Signed {
  readonly prepared_by: string;
  readonly approved_by: string;
}

/** Four eyes: whoever prepared a policy does not approve it. */
export function approvedByAnother<T extends z.ZodType<Signed>>(schema: T): T {
  return schema.refine((policy) => policy.prepared_by.toLowerCase() !== policy.approved_by.toLowerCase(), {
    error: 'want another person than prepared_by',
    path: ['approved_by'],
  });
}

interface Effective {
  readonly effective_from: string;
  readonly effective_to: string | null;
}

export function endsAfterStart<T extends z.ZodType<Effective>>(schema: T): T {
  return schema.refine(
    (policy) => policy.effective_to === null || policy.effective_to > policy.effective_from,
    {
      error: 'want a day after effective_from, or null',
      path: ['effective_to'],
    },
  );
}

export const unique = (values: readonly string[]) => new Set(values).size === values.length;
export const names = z.array(name).min(1).refine(unique, { error: 'want each value once' });

/** Value of an attribute → factor; a value that is not named has 1. */
export const factors = z.record(name, decimalText(4));
export const currency = z.string().regex(/^[A-Z]{3}$/, { error: 'want an ISO 4217 code like USD' });
export const rounding = z.strictObject({
  mode: z.enum(['half_even', 'half_up', 'floor', 'ceil']),
  scale: z.int().min(0).max(9),
});
