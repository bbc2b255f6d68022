import { whole } from './report.ts';
import type { Standing } from './summary.ts';

const WIDTH = 760;
const LABEL_WIDTH = 270;
const BAR_WIDTH = 400;
const LINE = 26;
const TITLES = { readings: 'Readings, rows per second', accounts: 'Bulk accounts, rows per second' } as const;
const TEXT = 'font-family="sans-serif" font-size="13" fill="#222"';

/** Bars of the median rates, one group per data set, each drawn against the fastest of its group; an SVG document. */
export function barPlot(standings: readonly Standing[]): string {
  const parts: string[] = [];
  let y = 24;
  for (const data of ['readings', 'accounts'] as const) {
    const own = standings.filter(({ contestant }) => contestant.data === data);
    if (own.length === 0) continue;
    parts.push(`<text x="8" y="${y}" ${TEXT} font-weight="bold">${TITLES[data]}</text>`);
    const most = Math.max(...own.map(({ rate }) => rate.median));
    for (const standing of own) {
      y += LINE;
      parts.push(...bar(standing, most, y));
    }
    y += LINE * 1.6;
  }
  const height = Math.ceil(y - LINE / 2);
  const box = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  const back = `<title>Rows per second of each contestant</title>\n<rect width="${WIDTH}" height="${height}" fill="#fff"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box} role="img">\n${[back, ...parts].join('\n')}\n</svg>\n`;
}

function bar({ contestant, rate }: Standing, most: number, y: number): readonly string[] {
  const length = (value: number) => (BAR_WIDTH * value) / most;
  const long = Math.max(1, length(rate.median));
  const colour = contestant.name === 'meterline' ? '#1f6f54' : '#9aa5ab';
  return [
    `<text x="8" y="${y}" ${TEXT}>${escaped(contestant.label)}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${y - 13}" width="${long.toFixed(1)}" height="17" fill="${colour}"/>`,
    `<text x="${(LABEL_WIDTH + long + 6).toFixed(1)}" y="${y}" ${TEXT}>${whole(rate.median)}</text>`,
  ];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
