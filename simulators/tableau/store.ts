import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { moment } from './xml.ts';

/** Something published: a data source or a workbook, its newest revision. */
export interface Content {
  readonly kind: 'datasource' | 'workbook';
  readonly id: string;
  readonly name: string;
  readonly contentUrl: string;
  readonly projectId: string;
  readonly filename: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly revision: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly permissions: readonly Permission[];
}

/** What one grantee may do. */
export interface Permission {
  readonly grantee: 'user' | 'group';
  readonly granteeId: string;
  readonly capability: string;
  readonly mode: string;
}

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly parentId: string | null;
}

interface State {
  readonly projects: readonly Project[];
  readonly contents: readonly Content[];
}

/** The site's projects and published files, kept in a folder: a restart finds them again. */
export class Store {
  readonly #folder: string;
  readonly #now: () => Date;
  #state: State;

  constructor(folder: string, now: () => Date) {
    this.#folder = folder;
    this.#now = now;
    mkdirSync(join(folder, 'files'), { recursive: true });
    const file = join(folder, 'site.json');
    this.#state = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as State)
      : { projects: [project('default', 'The default project.', null)], contents: [] };
  }

  get projects(): readonly Project[] {
    return this.#state.projects;
  }

  get contents(): readonly Content[] {
    return this.#state.contents;
  }

  addProject(name: string, description: string, parentId: string | null): Project {
    const added = project(name, description, parentId);
    this.#save({ ...this.#state, projects: [...this.#state.projects, added] });
    return added;
  }

  /** Publishes a file: a new content, or the next revision of `previous`. Nothing changes before the file is whole. */
  put(
    about: Pick<Content, 'kind' | 'name' | 'projectId' | 'filename'>,
    file: Buffer,
    previous: Content | null,
  ): Content {
    const at = moment(this.#now());
    const content: Content = {
      ...about,
      id: previous?.id ?? randomUUID(),
      contentUrl: previous?.contentUrl ?? this.#contentUrl(about.kind, about.name),
      sha256: createHash('sha256').update(file).digest('hex'),
      bytes: file.length,
      revision: (previous?.revision ?? 0) + 1,
      createdAt: previous?.createdAt ?? at,
      updatedAt: at,
      permissions: previous?.permissions ?? [],
    };
    writeWhole(this.#path(content), file);
    this.#replace(content);
    if (previous !== null) rmSync(this.#path(previous), { force: true });
    return content;
  }

  setPermissions(content: Content, permissions: readonly Permission[]): void {
    this.#replace({ ...content, permissions });
  }

  remove(content: Content): void {
    this.#save({ ...this.#state, contents: this.contents.filter((other) => other.id !== content.id) });
    rmSync(this.#path(content), { force: true });
  }

  read(content: Content): Buffer {
    return readFileSync(this.#path(content));
  }

  #replace(content: Content): void {
    const known = this.contents.some((other) => other.id === content.id);
    const contents = known
      ? this.contents.map((other) => (other.id === content.id ? content : other))
      : [...this.contents, content];
    this.#save({ ...this.#state, contents });
  }

  #save(state: State): void {
    writeWhole(join(this.#folder, 'site.json'), Buffer.from(`${JSON.stringify(state, null, 1)}\n`, 'utf8'));
    this.#state = state;
  }

  #path(content: Content): string {
    return join(this.#folder, 'files', `${content.id}-${content.revision}`);
  }

  #contentUrl(kind: Content['kind'], name: string): string {
    const base = name.replace(/[^\p{L}\p{N}_-]/gu, '');
    const taken = new Set(this.contents.filter((c) => c.kind === kind).map((c) => c.contentUrl));
    let url = base;
    for (let number = 1; taken.has(url); number += 1) url = `${base}_${number}`;
    return url;
  }
}

function project(name: string, description: string, parentId: string | null): Project {
  return { id: randomUUID(), name, description, parentId };
}

function writeWhole(path: string, content: Buffer): void {
  writeFileSync(`${path}.partial`, content);
  renameSync(`${path}.partial`, path);
}
