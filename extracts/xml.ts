/** One XML element. Children are elements or text. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (XmlElement | string)[];
}

type Attribute = string | number | boolean | undefined;

/** Builds an element. Attributes that are undefined are left out; children that are null or empty text too. */
export function el(
  name: string,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly (XmlElement | string | null)[]
): XmlElement {
  const present = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return {
    name,
    attributes: Object.fromEntries(present),
    children: children.flatMap((child) => (child === null || child === '' ? [] : [child])),
  };
}

// XML 1.0 allows no other characters below U+0020, no lone surrogates and no U+FFFE or U+FFFF, not even escaped.
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** Text as it may stand in XML content; characters XML cannot hold become U+FFFD. */
function escapeText(text: string): string {
  return text.replace(NOT_XML, '\u{FFFD}').replace(/[&<>\r\n]/g, (found) => ESCAPES[found] ?? found);
}

/** Text as it may stand in a quoted attribute, line breaks kept as character references. */
function escapeAttribute(text: string): string {
  return text.replace(NOT_XML, '\u{FFFD}').replace(/[&<>'"\n\r\t]/g, (found) => ESCAPES[found] ?? found);
}

/** A whole document in UTF-8, in the layout Tableau itself writes (two spaces, single quotes). */
export function renderXml(root: XmlElement): string {
  return `<?xml version='1.0' encoding='utf-8' ?>\n\n${renderElement(root, '')}\n`;
}

function renderElement(element: XmlElement, indent: string): string {
  const attributes = Object.entries(element.attributes)
    .map(([key, value]) => ` ${key}='${escapeAttribute(value)}'`)
    .join('');
  const open = `${indent}<${element.name}${attributes}`;
  if (element.children.length === 0) return `${open} />`;
  // White space inside mixed content would become part of the text.
  if (element.children.some((child) => typeof child === 'string')) {
    const inner = element.children
      .map((child) => (typeof child === 'string' ? escapeText(child) : renderElement(child, '')))
      .join('');
    return `${open}>${inner}</${element.name}>`;
  }
  const inner = element.children.map((child) =>
    typeof child === 'string' ? child : renderElement(child, `${indent}  `),
  );
  return `${open}>\n${inner.join('\n')}\n${indent}</${element.name}>`;
}

/** The element's own text and that of its descendants. */
export function textOf(element: XmlElement): string {
  return element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

/** The child elements, in order; with a name, only those of that name. */
export function elementsOf(element: XmlElement, name?: string): readonly XmlElement[] {
  return element.children.filter(
    (child) => typeof child !== 'string' && (name === undefined || child.name === name),
  ) as readonly XmlElement[];
}

/** The first element that a path of child names leads to, or null. */
export function findElement(element: XmlElement, ...path: readonly string[]): XmlElement | null {
  let current: XmlElement | null = element;
  for (const name of path) {
    current = elementsOf(current, name)[0] ?? null;
    if (current === null) return null;
  }
  return current;
}

/** The element itself and all elements below it, in document order. */
export function* descendants(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of elementsOf(element)) yield* descendants(child);
}
