import { randomUUID } from 'node:crypto';
import type { SimReply, SimRequest } from '../server.ts';
import { partNamed, readParts } from './multipart.ts';
import { answer, TableauRefusal, tag } from './xml.ts';

/** Files that arrive in chunks before they are published. A session serves one publication. */
export class Uploads {
  readonly #sessions = new Map<string, Buffer[]>();
  readonly #maxChunkBytes: number;

  constructor(maxChunkBytes: number) {
    this.#maxChunkBytes = maxChunkBytes;
  }

  initiate(): SimReply {
    const id = `${randomUUID()}:${this.#sessions.size}-0`;
    this.#sessions.set(id, []);
    return answer(201, tag('fileUpload', { uploadSessionId: id, fileSize: 0 }));
  }

  /** Appends one chunk, in the order of arrival. @throws TableauRefusal 404015, 413000. */
  append(id: string, request: SimRequest): SimReply {
    const chunks = this.#chunks(id);
    const parts = readParts(request.headers['content-type'] ?? '', request.body);
    const { content } = partNamed(parts, 'tableau_file');
    if (content.length > this.#maxChunkBytes) {
      throw new TableauRefusal(
        '413000',
        'Payload Too Large',
        `A chunk may hold ${this.#maxChunkBytes} bytes.`,
      );
    }
    chunks.push(content);
    const megabytes = Math.floor(chunks.reduce((sum, chunk) => sum + chunk.length, 0) / (1024 * 1024));
    return answer(200, tag('fileUpload', { uploadSessionId: id, fileSize: megabytes }));
  }

  /** The whole file of a session, which ends with it. @throws TableauRefusal 400007 when there is none. */
  take(id: string): Buffer {
    const file = Buffer.concat(this.#chunks(id));
    this.#sessions.delete(id);
    return file;
  }

  #chunks(id: string): Buffer[] {
    const chunks = this.#sessions.get(id);
    if (chunks !== undefined) return chunks;
    throw new TableauRefusal('404015', 'Resource Not Found', `The upload session ${id} does not exist.`);
  }
}
