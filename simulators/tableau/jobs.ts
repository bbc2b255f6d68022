import { randomUUID } from 'node:crypto';
import type { SimReply } from '../server.ts';
import { answer, moment, TableauRefusal, tag, text } from './xml.ts';

interface Job {
  readonly id: string;
  readonly type: string;
  readonly createdAt: Date;
  polls: number;
  /** Null while it runs; then its failure or success. */
  outcome: { readonly failure: string | null } | null;
}

/** Work that the server does after it has answered. A job is done when its work is and it was asked for often enough. */
export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #pollsBeforeDone: number;
  readonly #now: () => Date;

  constructor(pollsBeforeDone: number, now: () => Date) {
    this.#pollsBeforeDone = pollsBeforeDone;
    this.#now = now;
  }

  /** Starts work and answers 202 with the job. A failure of the work becomes the job's note. */
  start(type: string, work: () => Promise<void>): SimReply {
    const job: Job = { id: randomUUID(), type, createdAt: this.#now(), polls: 0, outcome: null };
    this.#jobs.set(job.id, job);
    work().then(
      () => {
        job.outcome = { failure: null };
      },
      (error: unknown) => {
        job.outcome = { failure: error instanceof Error ? error.message : String(error) };
      },
    );
    return answer(202, this.#xml(job, false));
  }

  /** The state of a job. @throws TableauRefusal 404009 for an unknown one. */
  show(id: string): SimReply {
    const job = this.#jobs.get(id);
    if (job === undefined)
      throw new TableauRefusal('404009', 'Resource Not Found', `Job ${id} does not exist.`);
    job.polls += 1;
    return answer(200, this.#xml(job, job.outcome !== null && job.polls > this.#pollsBeforeDone));
  }

  #xml(job: Job, done: boolean): string {
    const at = moment(this.#now());
    const failure = done ? (job.outcome?.failure ?? null) : null;
    return tag(
      'job',
      {
        id: job.id,
        mode: 'Asynchronous',
        type: job.type,
        progress: done ? 100 : 0,
        createdAt: moment(job.createdAt),
        ...(done
          ? { startedAt: moment(job.createdAt), completedAt: at, finishCode: failure === null ? 0 : 1 }
          : {}),
      },
      ...(failure === null ? [] : [tag('notes', {}, text(failure))]),
    );
  }
}
