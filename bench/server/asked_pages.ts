import type { SimRequest } from '../../simulators/server.ts';

/** How one client asked for pages: what it would take, and how many rows at once. */
export interface Asked {
  readonly accept_encoding: string;
  readonly page_rows: string;
}

/** Remembers how pages were asked for, since the last look. */
export class AskedPages {
  #asked = new Map<string, Asked>();

  note(request: SimRequest, page_rows: string | null): void {
    const accept_encoding = String(request.headers['accept-encoding'] ?? 'none');
    const asked = { accept_encoding, page_rows: page_rows ?? 'default' };
    this.#asked.set(JSON.stringify(asked), asked);
  }

  /** What was asked since the last call. */
  take(): readonly Asked[] {
    const asked = [...this.#asked.values()];
    this.#asked = new Map();
    return asked;
  }
}
