import { PassThrough } from 'node:stream';
import type { Transport } from 'jsforce/lib/transport.js';
import type { HttpResponse } from '../http.ts';

/** A request as jsforce hands it to its transport. */
export interface JsforceRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

/**
 * A transport for jsforce that sends through us: its own has an agent, redirects and retries (only of some methods,
 * without `Retry-After`) that would defeat the one `request()`.
 */
export async function jsforceTransport(
  send: (request: JsforceRequest) => Promise<HttpResponse>,
): Promise<Transport> {
  const { Transport: JsforceTransport } = await import('jsforce/lib/transport.js');
  const transport = new JsforceTransport();
  transport.getRequestStreamCreator = () => (request) => {
    const stream = new PassThrough();
    send(request).then(
      (response) => {
        stream.emit('complete', {
          statusCode: response.status,
          headers: Object.fromEntries(response.headers),
          body: response.body.toString('utf8'),
        });
      },
      (error: unknown) => stream.emit('error', error),
    );
    return stream;
  };
  return transport;
}
