import { DifferenceError } from '../../schemas/errors.ts';

/** What cannot be opened is not what was signed. @throws DifferenceError naming `what` */
export function differs<T>(what: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DifferenceError(`evidence: ${what}: ${reason.replace(/^evidence: /, '')}`, { cause });
  }
}
