import type { XmlElement } from './xml.ts';

const TOKEN =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Open {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (XmlElement | string)[];
}

/**
 * Reads a well-formed document without a document type: what Tableau's files and answers are. White space between
 * elements is dropped; prefixes stay part of the names. Declarations of entities are refused, so nothing expands.
 * @throws Error at the first place that is not well-formed.
 */
export function readXml(text: string): XmlElement {
  const top: Open = { name: '', attributes: {}, children: [] };
  const open: Open[] = [top];
  const source = text.replace(/^\u{FEFF}/u, '');
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < source.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source);
    if (token === null) throw malformed(source, at, 'markup that is not well-formed');
    takeToken(token, open, source, at);
    at = TOKEN.lastIndex;
  }
  const unclosed = open.length > 1 ? open[open.length - 1] : undefined;
  if (unclosed !== undefined) throw malformed(source, at, `the end inside <${unclosed.name}>`);
  const roots = top.children.filter((child): child is XmlElement => typeof child !== 'string');
  const root = roots[0];
  if (root === undefined || roots.length > 1) throw malformed(source, at, `${roots.length} root elements`);
  return root;
}

function takeToken(token: RegExpExecArray, open: Open[], source: string, at: number): void {
  const [, cdata, closing, opening, attributes, selfClosing, characters] = token;
  const current = open[open.length - 1];
  if (current === undefined) throw malformed(source, at, 'content after the root');
  if (cdata !== undefined) current.children.push(cdata);
  else if (characters !== undefined) {
    if (characters.trim() !== '') current.children.push(decode(characters, source, at));
  } else if (opening !== undefined) {
    const element: Open = {
      name: opening,
      attributes: readAttributes(attributes ?? '', source, at),
      children: [],
    };
    current.children.push(element);
    if (selfClosing === '') open.push(element);
  } else if (closing !== undefined) {
    if (open.length === 1 || current.name !== closing) {
      throw malformed(source, at, `</${closing}> inside <${current.name}>`);
    }
    open.pop();
  }
}

function readAttributes(text: string, source: string, at: number): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const [, name, double, single] of text.matchAll(ATTRIBUTE)) {
    if (name === undefined) continue;
    if (Object.hasOwn(attributes, name)) throw malformed(source, at, `attribute ${name} twice`);
    attributes[name] = decode(double ?? single ?? '', source, at);
  }
  return attributes;
}

function decode(text: string, source: string, at: number): string {
  return text.replace(/&([^;\s]*);?/g, (found, name: string) => {
    const code = /^#(?:x([0-9a-fA-F]+)|(\d+))$/.exec(name);
    const plain = ENTITIES[name];
    if (!found.endsWith(';') || (code === null && plain === undefined)) {
      throw malformed(source, at, `the reference ${found}`);
    }
    if (code === null) return plain ?? '';
    return String.fromCodePoint(Number.parseInt(code[1] ?? code[2] ?? '', code[1] === undefined ? 10 : 16));
  });
}

function malformed(source: string, at: number, what: string): Error {
  const line = source.slice(0, at).split('\n').length;
  return new Error(`extracts: XML line ${line}: got ${what}, want well-formed XML without a document type`);
}
