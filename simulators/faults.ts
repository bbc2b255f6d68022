/** What can be switched on to go wrong. Transport kinds work in every simulator; data kinds where they make sense. */
export const FAULT_KINDS = [
  'throttle_seconds', // 429 with Retry-After: 1
  'throttle_date', // 429 with Retry-After as an HTTP date
  'server_error', // 503
  'drop', // the connection closes before any byte of the answer
  'truncate', // the connection closes in the middle of the body
  'revoked_token', // 401 although the token has not expired
  'bad_rows', // some rows of good pages break their contract
  'not_json', // a page whose body is not JSON
  'wrong_envelope', // a page whose envelope lacks its fields
  'repeated_bookmark', // the same next bookmark twice: a loop
  'expired_bookmark', // 410 Gone for the bookmark given
  'count_mismatch', // the stated count differs from the rows sent
  'vanished_field', // a field that was there is gone from describe and rows
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * One fault. It strikes the next `times` requests whose path matches (`Infinity`, or null since JSON has no Infinity:
 * all of them).
 * `path`: a regular expression's text, matched against path and query; absent: every data request
 * (token endpoints and the simulator's own control paths are spared).
 */
export interface Fault {
  readonly kind: FaultKind;
  readonly times: number | null;
  readonly path?: string;
}

/** The faults of one simulator that are switched on; each is used up request by request. */
export class FaultBox {
  #armed: { kind: FaultKind; left: number; path: RegExp | null }[] = [];

  /** Replaces all faults. @throws Error for an unknown kind. */
  set(faults: readonly Fault[]): void {
    this.#armed = faults.map((fault) => {
      if (!FAULT_KINDS.includes(fault.kind)) {
        throw new Error(
          `simulators: fault ${fault.kind}: got an unknown kind, want one of ${FAULT_KINDS.join(' ')}`,
        );
      }
      return {
        kind: fault.kind,
        left: fault.times ?? Number.POSITIVE_INFINITY,
        path: fault.path === undefined ? null : new RegExp(fault.path),
      };
    });
  }

  /** Takes one strike of the first armed fault of these kinds that matches the path; null when none does. */
  strike(path: string, kinds: readonly FaultKind[]): FaultKind | null {
    const hit = this.#armed.find(
      (f) => f.left > 0 && kinds.includes(f.kind) && (f.path === null || f.path.test(path)),
    );
    if (hit === undefined) return null;
    hit.left -= 1;
    return hit.kind;
  }
}
