import type { SimReply } from '../server.ts';

type Attributes = Readonly<Record<string, string | number | boolean>>;

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** An element as text; `inner` is markup already. */
export function tag(name: string, attributes: Attributes = {}, ...inner: readonly string[]): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`)
    .join('');
  return inner.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${inner.join('')}</${name}>`;
}

/** Text content of an element, escaped. */
export function text(value: string): string {
  return escapeXml(value);
}

/** An answer of the REST API: `tsResponse` in the namespace http://tableau.com/api. */
export function answer(
  status: number,
  inner: string,
  headers: Readonly<Record<string, string>> = {},
): SimReply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>${tag('tsResponse', { xmlns: 'http://tableau.com/api' }, inner)}`;
  return { status, headers: { 'content-type': 'application/xml;charset=utf-8', ...headers }, body };
}

/** A refusal; its code is the HTTP status and three digits of Tableau's own. Handlers throw it. */
export class TableauRefusal extends Error {
  readonly code: string;
  readonly summary: string;

  constructor(code: string, summary: string, detail: string) {
    super(detail);
    this.code = code;
    this.summary = summary;
  }

  reply(): SimReply {
    const inner = [tag('summary', {}, text(this.summary)), tag('detail', {}, text(this.message))];
    return answer(Number(this.code.slice(0, 3)), tag('error', { code: this.code }, ...inner));
  }
}

/** One start tag found in a document: enough to read requests, whose data stands in attributes. */
export interface Found {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** All start tags of a document, in order, with decoded attributes. */
export function tagsIn(document: string): readonly Found[] {
  const found: Found[] = [];
  for (const [, name, written] of document.matchAll(/<([A-Za-z][\w:.-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/g)) {
    const attributes: Record<string, string> = {};
    for (const [, key, double, single] of (written ?? '').matchAll(
      /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g,
    )) {
      if (key !== undefined) attributes[key] = unescapeXml(double ?? single ?? '');
    }
    if (name !== undefined) found.push({ name, attributes });
  }
  return found;
}

/** The attributes of the first element of that name; empty where there is none. */
export function attributesOf(document: string, name: string): Readonly<Record<string, string>> {
  return tagsIn(document).find((candidate) => candidate.name === name)?.attributes ?? {};
}

function unescapeXml(value: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return value.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return named[name] ?? whole;
  });
}

/** A moment as the REST API writes it: UTC, whole seconds. */
export function moment(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
