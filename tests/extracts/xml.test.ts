import fc from 'fast-check';
import { expect, test } from 'vitest';
import { el, renderXml, textOf, type XmlElement } from '../../extracts/xml.ts';
import { readXml } from '../../extracts/xml_read.ts';

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/);
// Text of white space alone is layout, not content, and two texts side by side become one.
const text = fc
  .string({ unit: 'binary' })
  .filter((value) => value.trim() !== '' && !/[^\P{C}\n\t\r]/u.test(value));
const attributes = fc.dictionary(name, text, { maxKeys: 4 });
const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
  tree: fc
    .record({
      name,
      attributes,
      children: fc.oneof(
        { maxDepth: 4 },
        fc.array(text, { maxLength: 1 }),
        fc.array(tie('tree') as fc.Arbitrary<XmlElement | string>, { maxLength: 3 }),
      ),
    })
    .map((record) => ({ ...record, attributes: { ...record.attributes } })),
}));

test('reading what was rendered gives the same tree', () => {
  fc.assert(
    fc.property(tree, (element) => {
      expect(readXml(renderXml(element))).toEqual(element);
    }),
    { numRuns: 500 },
  );
});

test('characters XML cannot hold become the replacement character', () => {
  const rendered = renderXml(el('a', { b: 'x\u0000y' }, 'p\u0008q\uD800'));
  expect(readXml(rendered)).toEqual(el('a', { b: 'x\uFFFDy' }, 'p\uFFFDq\uFFFD'));
});

test.each([
  ['<a><b></a>', /<\/a> inside <b>/],
  ['<a>', /the end inside <a>/],
  ['<a/><b/>', /2 root elements/],
  ['<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', /markup/],
  ['<a>&nope;</a>', /the reference &nope;/],
  ['<a b="1" b="2"/>', /attribute b twice/],
  ['<a b=1/>', /markup/],
  ['', /0 root elements/],
])('%s is refused', (document, message) => {
  expect(() => readXml(document)).toThrow(message);
});

test('CDATA, comments, character references and a byte order mark are read', () => {
  const root = readXml(
    '\uFEFF<?xml version="1.0"?><!-- c --><a x="&#x41;&lt;"><![CDATA[1 < 2]]> &amp; more</a>',
  );
  expect(root.attributes).toEqual({ x: 'A<' });
  expect(textOf(root)).toBe('1 < 2 & more');
});
