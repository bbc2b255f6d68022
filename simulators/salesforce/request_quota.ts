import type { Instant } from '../fleet/types.ts';
import { SalesforceError } from './salesforce_error.ts';

/** The daily allowance of API requests; a new day of the simulator's clock starts a new count. */
export class RequestQuota {
  readonly max: number;
  readonly #now: () => Instant;
  #day = '';
  #used = 0;

  constructor(max: number, now: () => Instant) {
    this.max = max;
    this.#now = now;
  }

  get used(): number {
    return this.#today() ? this.#used : 0;
  }

  /** The value of `Sforce-Limit-Info`. */
  get info(): string {
    return `api-usage=${this.used}/${this.max}`;
  }

  /**
   * Counts one request.
   * @throws SalesforceError REQUEST_LIMIT_EXCEEDED (403)
   */
  take(): void {
    if (!this.#today()) {
      this.#day = this.#now().slice(0, 10);
      this.#used = 0;
    }
    if (this.#used >= this.max) {
      throw new SalesforceError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
    }
    this.#used += 1;
  }

  #today(): boolean {
    return this.#day === this.#now().slice(0, 10);
  }
}
