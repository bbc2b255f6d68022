import PDFDocument from 'pdfkit';
import { DRAWING_TEXT_SIZE, type Drawing, INK, type Shape } from './drawing.ts';
import type { Block, Report } from './report.ts';

type Pdf = InstanceType<typeof PDFDocument>;
type Table = Extract<Block, { kind: 'table' }>;

const MARGIN = 48;
const SIZE = 9;
const REGULAR = 'Helvetica';
const BOLD = 'Helvetica-Bold';
const WARNING = '#b3261e';
const CELL_GAP = 8;

/**
 * A report as a PDF of A4 pages, in the fonts that every reader has (Helvetica, WinAnsi): a character outside them is shown
 * as `?`, the HTML has it as it is.
 */
export async function renderPdf(report: Report): Promise<Buffer> {
  const created = new Date(report.created_at);
  const info = { Title: report.title, Author: 'meterline', CreationDate: created, ModDate: created };
  const pdf = new PDFDocument({ size: 'A4', margin: MARGIN, bufferPages: true, info, lang: 'en' });
  const chunks: Buffer[] = [];
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => pdf.once('end', resolve).once('error', reject));
  if (report.mark !== null) pdf.y += 8; // Room for the mark.
  write(pdf, report.title, { font: BOLD, size: 18 });
  write(pdf, report.subtitle, { colour: INK.quiet, after: 10 });
  for (const block of report.blocks) drawBlock(pdf, block);
  stampPages(pdf, report);
  pdf.end();
  await ended;
  return Buffer.concat(chunks);
}

function drawBlock(pdf: Pdf, block: Block): void {
  if (block.kind === 'heading') {
    room(pdf, 60);
    pdf.y += 8;
    write(pdf, block.text, { font: BOLD, size: 12, after: 4 });
  }
  if (block.kind === 'text') write(pdf, block.text, { after: 6 });
  if (block.kind === 'notice') drawNotice(pdf, block.text);
  if (block.kind === 'facts') drawFacts(pdf, block.rows);
  if (block.kind === 'table') drawTable(pdf, block);
  if (block.kind === 'drawing') drawDrawing(pdf, block.title, block.drawing);
}

interface Look {
  readonly font?: string;
  readonly size?: number;
  readonly colour?: string;
  readonly after?: number;
}

function write(pdf: Pdf, text: string, { font = REGULAR, size = SIZE, colour = INK.text, after = 2 }: Look) {
  pdf.font(font).fontSize(size).fillColor(colour);
  pdf.text(encodable(text), MARGIN, pdf.y, { width: across(pdf) });
  pdf.y += after;
}

function drawNotice(pdf: Pdf, text: string): void {
  const said = encodable(text);
  pdf.font(REGULAR).fontSize(SIZE);
  const tall = pdf.heightOfString(said, { width: across(pdf) - 20 }) + 10;
  room(pdf, tall);
  const { y } = pdf;
  pdf.rect(MARGIN, y, across(pdf), tall).fill('#fbeceb');
  pdf.rect(MARGIN, y, 3, tall).fill(WARNING);
  pdf.fillColor(INK.text).text(said, MARGIN + 12, y + 5, { width: across(pdf) - 20 });
  pdf.y = y + tall + 6;
}

function drawFacts(pdf: Pdf, rows: Extract<Block, { kind: 'facts' }>['rows']): void {
  const name = 130;
  pdf.font(REGULAR).fontSize(SIZE);
  for (const [key, value] of rows) {
    const width = across(pdf) - name;
    const tall = pdf.heightOfString(encodable(value), { width });
    room(pdf, tall);
    const { y } = pdf;
    pdf.fillColor(INK.quiet).text(encodable(key), MARGIN, y, { width: name - 8 });
    pdf.fillColor(INK.text).text(encodable(value), MARGIN + name, y, { width });
    pdf.y = y + tall + 2;
  }
  pdf.y += 6;
}

function drawTable(pdf: Pdf, table: Table): void {
  const total = table.columns.reduce((sum, { weight }) => sum + weight, 0);
  const widths = table.columns.map(({ weight }) => (weight / total) * across(pdf));
  const head = () => {
    drawRow(
      pdf,
      table,
      widths,
      table.columns.map(({ title }) => title),
      BOLD,
    );
    pdf
      .moveTo(MARGIN, pdf.y - 1)
      .lineTo(MARGIN + across(pdf), pdf.y - 1)
      .lineWidth(1)
      .stroke(INK.quiet);
    pdf.y += 2;
  };
  room(pdf, 44);
  head();
  for (const row of table.rows) {
    if (room(pdf, rowHeight(pdf, table, widths, row, REGULAR))) head();
    drawRow(pdf, table, widths, row, REGULAR);
    pdf
      .moveTo(MARGIN, pdf.y - 1)
      .lineTo(MARGIN + across(pdf), pdf.y - 1)
      .lineWidth(0.5)
      .stroke(INK.line);
  }
  pdf.y += 8;
}

const ROW_SIZE = 8;

function rowHeight(
  pdf: Pdf,
  table: Table,
  widths: readonly number[],
  row: readonly string[],
  font: string,
): number {
  pdf.font(font).fontSize(ROW_SIZE);
  const heights = row.map((cell, place) =>
    pdf.heightOfString(encodable(cell), {
      width: (widths[place] ?? 0) - CELL_GAP,
      align: alignOf(table, place),
    }),
  );
  return Math.max(...heights, ROW_SIZE) + 5;
}

function drawRow(
  pdf: Pdf,
  table: Table,
  widths: readonly number[],
  row: readonly string[],
  font: string,
): void {
  const tall = rowHeight(pdf, table, widths, row, font);
  const { y } = pdf;
  let x = MARGIN;
  pdf.font(font).fontSize(ROW_SIZE).fillColor(INK.text);
  for (const [place, cell] of row.entries()) {
    const width = (widths[place] ?? 0) - CELL_GAP;
    pdf.text(encodable(cell), x, y + 2, { width, align: alignOf(table, place) });
    x += widths[place] ?? 0;
  }
  pdf.y = y + tall;
}

const alignOf = (table: Table, place: number) => table.columns[place]?.align ?? 'left';

function drawDrawing(pdf: Pdf, title: string, { width, height, shapes }: Drawing): void {
  const scale = across(pdf) / width;
  room(pdf, height * scale + 20);
  write(pdf, title, { colour: INK.quiet, size: 8, after: 3 });
  const { y } = pdf;
  pdf.save().translate(MARGIN, y).scale(scale);
  for (const shape of shapes) drawShape(pdf, shape);
  pdf.restore();
  pdf.y = y + height * scale + 8;
}

function drawShape(pdf: Pdf, shape: Shape): void {
  if (shape.kind === 'rect') {
    if (shape.height > 0) pdf.rect(shape.x, shape.y, shape.width, shape.height).fill(shape.fill);
    return;
  }
  if (shape.kind === 'line') {
    pdf
      .moveTo(...shape.from)
      .lineTo(...shape.to)
      .lineWidth(0.6)
      .stroke(shape.stroke);
    return;
  }
  const said = encodable(shape.text);
  pdf.font(REGULAR).fontSize(DRAWING_TEXT_SIZE).fillColor(shape.fill);
  const back = { start: 0, middle: 0.5, end: 1 }[shape.anchor] * pdf.widthOfString(said);
  pdf.text(said, shape.x - back, shape.y, { lineBreak: false, baseline: 'alphabetic' });
}

/** The mark and the footer on every page. */
function stampPages(pdf: Pdf, { mark, footer }: Report): void {
  const { start, count } = pdf.bufferedPageRange();
  for (let page = start; page < start + count; page += 1) {
    pdf.switchToPage(page);
    // Text in the margins must not begin a new page.
    pdf.page.margins = { top: 0, bottom: 0, left: MARGIN, right: MARGIN };
    const low = pdf.page.height - 32;
    pdf.font(REGULAR).fontSize(7.5).fillColor(INK.quiet);
    pdf.text(encodable(footer), MARGIN, low, { width: across(pdf) - 60, lineBreak: false });
    const number = { width: across(pdf), align: 'right' as const, lineBreak: false };
    pdf.text(`${page - start + 1} / ${count}`, MARGIN, low, number);
    if (mark === null) continue;
    pdf.rect(0, 0, pdf.page.width, 26).fill(WARNING);
    pdf.font(BOLD).fontSize(10).fillColor('#ffffff');
    pdf.text(encodable(mark), MARGIN, 8, { width: across(pdf), lineBreak: false });
  }
}

/** Begins a new page where less is left than is needed; says whether it did. */
function room(pdf: Pdf, needed: number): boolean {
  if (pdf.y + needed <= pdf.page.height - MARGIN) return false;
  pdf.addPage();
  return true;
}

const across = (pdf: Pdf) => pdf.page.width - 2 * MARGIN;

/** What WinAnsi has beyond Latin-1 (PDF 32000-1, annex D.2). */
const WIN_ANSI = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';

function encodable(text: string): string {
  return Array.from(text, (each) =>
    /[\n\x20-\x7e\u00a0-\u00ff]/.test(each) || WIN_ANSI.includes(each) ? each : '?',
  ).join('');
}
