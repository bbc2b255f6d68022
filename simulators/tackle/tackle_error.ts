import type { SimReply } from '../server.ts';

/** The four hosts of Tackle's API; each words its errors in its own envelope. */
export type TackleHost = 'main' | 'contracts' | 'microsoft' | 'aws';

/** A refusal: `code`, `error`, `errors`, `error_type`, in the envelope of the host that answers. */
export class TackleError extends Error {
  override readonly name = 'TackleError';
  readonly status: number;
  readonly errorType: string;

  constructor(status: number, errorType: string, message: string) {
    super(message);
    this.status = status;
    this.errorType = errorType;
  }

  reply(host: TackleHost): SimReply {
    return { status: this.status, body: this.#envelope(host) };
  }

  #envelope(host: TackleHost): object {
    const { status: code, message, errorType } = this;
    switch (host) {
      case 'main':
        return { code, error: message, errors: [], error_type: errorType };
      case 'contracts':
        return { errors: [{ code: String(code), error: message, error_type: errorType }] };
      case 'microsoft':
        return { code, error: { message, error_type: errorType }, errors: null };
      case 'aws':
        return { code, error: message };
    }
  }
}

/** 400 for a parameter that breaks its rule. */
export function badParameter(name: string, got: string | null, want: string): TackleError {
  return new TackleError(400, 'validation_error', `${name}: got ${got ?? 'nothing'}, want ${want}`);
}
