import type { SimReply } from '../server.ts';

/** A refusal in Salesforce's own form: `[{"message","errorCode"}]` with an HTTP status. */
export class SalesforceError extends Error {
  override readonly name = 'SalesforceError';
  readonly status: number;
  readonly errorCode: string;

  constructor(status: number, errorCode: string, message: string) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }

  reply(): SimReply {
    return {
      status: this.status,
      headers: { 'content-type': 'application/json;charset=UTF-8' },
      body: [{ message: this.message, errorCode: this.errorCode }],
    };
  }
}

/** A resource that does not exist, in Salesforce's words. */
export function notFound(): SalesforceError {
  return new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
}
