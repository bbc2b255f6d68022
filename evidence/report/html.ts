import { DRAWING_TEXT_SIZE, type Drawing, type Shape } from './drawing.ts';
import type { Block, Report } from './report.ts';

const STYLE = `
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1f2933; margin: 0; background: #fff; }
main { max-width: 60rem; margin: 2rem auto 4rem; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.subtitle, figcaption, footer { color: #66727f; } .subtitle { margin: .2rem 0 1rem; }
.mark { position: sticky; top: 0; background: #b3261e; color: #fff; font-weight: 700; padding: .5rem 1.5rem; letter-spacing: .04em; }
.notice { border-left: 4px solid #b3261e; background: #fbeceb; padding: .6rem .9rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 1.2rem; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid #66727f; }
th, td { padding: .3rem .6rem .3rem 0; vertical-align: top; } td { border-bottom: 1px solid #d5dbe1; }
td { overflow-wrap: break-word; } .right { text-align: right; padding-right: .9rem; } td.right { white-space: nowrap; } th.right { text-align: right; }
dl { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: #66727f; } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; max-width: 46rem; } figcaption { margin-bottom: .3rem; }
footer { margin-top: 3rem; font-size: .85rem; border-top: 1px solid #d5dbe1; padding-top: .6rem; }
@page { margin: 18mm; } @media print { .mark { position: static; } h2, figure, tr { break-inside: avoid; } h2 { break-after: avoid; } }
`;

/** A report as one page without scripts that needs nothing else; every text is escaped. */
export function renderHtml(report: Report): string {
  const { title, subtitle, mark, blocks, footer } = report;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${mark === null ? '' : `<div class="mark">${escaped(mark)}</div>\n`}<main>
<h1>${escaped(title)}</h1>
<p class="subtitle">${escaped(subtitle)}</p>
${blocks.map(renderBlock).join('\n')}
<footer>${escaped(footer)}</footer>
</main>
</body>
</html>
`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${escaped(block.text)}</h2>`;
    case 'text':
      return `<p>${escaped(block.text)}</p>`;
    case 'notice':
      return `<p class="notice">${escaped(block.text)}</p>`;
    case 'facts':
      return `<dl>${block.rows.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`;
    case 'table':
      return renderTable(block);
    case 'drawing':
      return `<figure><figcaption>${escaped(block.title)}</figcaption>${renderSvg(block.drawing)}</figure>`;
  }
}

function renderTable({ columns, rows }: Extract<Block, { kind: 'table' }>): string {
  const side = (place: number) => (columns[place]?.align === 'right' ? ' class="right"' : '');
  const head = columns.map(({ title }, place) => `<th scope="col"${side(place)}>${escaped(title)}</th>`);
  const body = rows.map(
    (row) => `<tr>${row.map((cell, place) => `<td${side(place)}>${escaped(cell)}</td>`).join('')}</tr>`,
  );
  return `<table><thead><tr>${head.join('')}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
}

function renderSvg({ width, height, shapes, summary }: Drawing): string {
  const label = `role="img" aria-label="${escaped(summary)}"`;
  const font = `font-family="system-ui, Helvetica, Arial, sans-serif" font-size="${DRAWING_TEXT_SIZE}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${label} ${font}>${shapes.map(renderShape).join('')}</svg>`;
}

function renderShape(shape: Shape): string {
  const n = (value: number) => String(Math.round(value * 100) / 100);
  switch (shape.kind) {
    case 'rect':
      return `<rect x="${n(shape.x)}" y="${n(shape.y)}" width="${n(shape.width)}" height="${n(shape.height)}" fill="${shape.fill}"/>`;
    case 'line':
      return `<line x1="${n(shape.from[0])}" y1="${n(shape.from[1])}" x2="${n(shape.to[0])}" y2="${n(shape.to[1])}" stroke="${shape.stroke}" stroke-width="0.6"/>`;
    case 'text':
      return `<text x="${n(shape.x)}" y="${n(shape.y)}" text-anchor="${shape.anchor}" fill="${shape.fill}">${escaped(shape.text)}</text>`;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
