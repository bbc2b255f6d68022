import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { barsChart, columnsChart, waterfallChart } from '../../evidence/report/charts.ts';
import { renderHtml } from '../../evidence/report/html.ts';
import { renderPdf } from '../../evidence/report/pdf.ts';
import type { Block, Report } from '../../evidence/report/report.ts';

const report = (blocks: readonly Block[], mark: string | null = null): Report => ({
  title: 'A & B',
  subtitle: '<sub>',
  mark,
  blocks,
  footer: "it's",
  created_at: '2026-11-24T00:00:00.000Z',
});

const hostile = `"><img src=x onerror='alert(1)'>`;
const everywhere: readonly Block[] = [
  { kind: 'heading', text: hostile },
  { kind: 'text', text: hostile },
  { kind: 'notice', text: hostile },
  { kind: 'facts', rows: [[hostile, hostile]] },
  { kind: 'table', columns: [{ title: hostile, align: 'right', weight: 1 }], rows: [[hostile]] },
  {
    kind: 'drawing',
    title: hostile,
    drawing: barsChart([{ label: hostile, value: 1, text: hostile }], hostile),
  },
];

/** The texts of a PDF of ours, run together: pdfkit writes them as hexadecimal WinAnsi with kerning between. */
function textsOf(pdf: Buffer): string {
  const streams = pdf.toString('latin1').matchAll(/stream\n([\s\S]*?)\nendstream/g);
  const contents = Array.from(streams, ([, content = '']) => {
    try {
      return inflateSync(Buffer.from(content, 'latin1')).toString('latin1');
    } catch {
      return '';
    }
  });
  const shown = contents.join('\n').matchAll(/\[(.*?)\] TJ/g);
  return Array.from(shown, ([, parts = '']) =>
    Array.from(parts.matchAll(/<([0-9a-f]+)>/g), ([, hex = '']) =>
      Buffer.from(hex, 'hex').toString('latin1'),
    ).join(''),
  ).join('\n');
}

describe('HTML', () => {
  it('escapes every text wherever it stands, and needs nothing from elsewhere', () => {
    const html = renderHtml(report(everywhere, hostile));
    expect(html).not.toContain('<img');
    expect(html.match(/&lt;img src=x onerror=&#39;alert\(1\)&#39;&gt;/g)).toHaveLength(12);
    expect(html).toContain('<title>A &amp; B</title>');
    expect(html).not.toMatch(/<script|<link|@import|url\(/);
    expect(html).toContain("default-src 'none'");
  });
});

describe('PDF', () => {
  it('has every text, marks each page, and says ? for what its fonts lack', async () => {
    const long: Block = {
      kind: 'table',
      columns: [{ title: 'Name', align: 'left', weight: 1 }],
      rows: Array.from({ length: 120 }, (_, n) => [`row ${n}`]),
    };
    const pdf = await renderPdf(
      report([...everywhere, long, { kind: 'text', text: 'Żółć — €5' }], 'DRAFT: no'),
    );
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0;
    expect(pages).toBeGreaterThan(2);
    const texts = textsOf(pdf);
    expect(texts.match(/DRAFT: no/g)).toHaveLength(pages);
    // The head of a table is said again on each page.
    expect(texts.match(/^Name$/gm)?.length).toBeGreaterThan(1);
    for (const row of [0, 60, 119]) expect(texts).toMatch(new RegExp(`^row ${row}$`, 'm'));
    expect(texts).toMatch(new RegExp(`^1 / ${pages}$`, 'm'));
    expect(texts).toContain('?ó?? ');
  });

  it('is the same for the same report', async () => {
    const once = await renderPdf(report(everywhere));
    expect(once.equals(await renderPdf(report(everywhere)))).toBe(true);
  });
});

describe('a waterfall', () => {
  const step = (kind: 'state' | 'movement', value: number) => ({ kind, value, label: 'l', text: 't' });
  const rects = (steps: Parameters<typeof waterfallChart>[0]) =>
    waterfallChart(steps, 's').shapes.filter((shape) => shape.kind === 'rect');

  it('reaches with each movement to where the next state begins', () => {
    const [first, up, last] = rects([step('state', 100), step('movement', 10), step('state', 110)]);
    expect((up?.y ?? 0) + (up?.height ?? 0)).toBeCloseTo(first?.y ?? -1);
    expect(up?.y).toBeCloseTo(last?.y ?? -1);
  });

  it('goes down for a negative movement, in another colour', () => {
    const [first, down, last] = rects([step('state', 100), step('movement', -10), step('state', 90)]);
    expect(down?.y).toBeCloseTo(first?.y ?? -1);
    expect((down?.y ?? 0) + (down?.height ?? 0)).toBeCloseTo(last?.y ?? -1);
    expect(down?.fill).not.toBe(rects([step('state', 100), step('movement', 10)])[1]?.fill);
  });

  it.each([0, -3, 1e15])('stays inside its picture where nothing moves (%d)', (value) => {
    const { height, shapes } = waterfallChart(
      [step('state', value), step('movement', 0), step('state', value)],
      '',
    );
    for (const shape of shapes)
      if (shape.kind === 'rect') {
        expect(shape.height).toBeGreaterThan(0);
        expect(shape.y).toBeGreaterThanOrEqual(0);
        expect(shape.y + shape.height).toBeLessThanOrEqual(height);
      }
  });
});

it('columns are as tall as their values, none for zero', () => {
  const bars = [4, 0, 2].map((value) => ({ label: '', text: '', value }));
  const tall = columnsChart(bars, 1, '').shapes.flatMap((shape) =>
    shape.kind === 'rect' ? [shape.height] : [],
  );
  expect((tall[0] ?? 0) / (tall[2] ?? 1)).toBeCloseTo(2);
  expect(tall[1]).toBe(0);
});
