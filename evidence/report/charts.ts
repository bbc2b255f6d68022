import { type Drawing, INK, type Shape } from './drawing.ts';

const WIDTH = 500;

/** One value of a chart: what it is of, how far its bar goes, and how it is written. */
export interface Bar {
  readonly label: string;
  /** For the length only; exact figures are `text`. */
  readonly value: number;
  readonly text: string;
}

/** Columns side by side, such as one a day; every `every`-th is named. */
export function columnsChart(bars: readonly Bar[], every: number, summary: string): Drawing {
  const [left, top, high, height] = [46, 8, 92, 118];
  const largest = Math.max(1, ...bars.map(({ value }) => value));
  const step = (WIDTH - left) / Math.max(1, bars.length);
  const shapes: Shape[] = gridlines(largest, left, top, high);
  for (const [place, bar] of bars.entries()) {
    const tall = (bar.value / largest) * high;
    const x = left + place * step;
    shapes.push(rect(x + step * 0.12, top + high - tall, step * 0.76, tall, INK.total));
    if (place % every === 0) shapes.push(text(x + step / 2, top + high + 11, bar.label, 'middle', INK.quiet));
  }
  return { width: WIDTH, height, shapes, summary };
}

/** Bars below one another, each with its name to the left and its figure behind it. */
export function barsChart(bars: readonly Bar[], summary: string): Drawing {
  const [left, row] = [168, 15];
  const largest = Math.max(1, ...bars.map(({ value }) => value));
  const shapes = bars.flatMap((bar, place): readonly Shape[] => {
    const y = place * row;
    const wide = (bar.value / largest) * (WIDTH - left - 60);
    return [
      text(left - 6, y + 10.5, bar.label, 'end', INK.text),
      rect(left, y + 3, Math.max(wide, bar.value === 0 ? 0 : 1), row - 5, INK.total),
      text(left + wide + 5, y + 10.5, bar.text, 'start', INK.quiet),
    ];
  });
  return { width: WIDTH, height: Math.max(1, bars.length) * row + 2, shapes, summary };
}

/** One step of a waterfall: a state, or the movement to the next one. */
export interface Step extends Bar {
  readonly kind: 'state' | 'movement';
}

/**
 * From a first state by movements to a last one. Movements are small beside the states, so the axis begins below the lowest
 * point that is reached, not at 0: the drawing says so.
 */
export function waterfallChart(steps: readonly Step[], summary: string): Drawing {
  const [top, high, height] = [16, 84, 132];
  const reached = reachedBy(steps);
  const tops = reached.map(({ from, to }) => Math.max(from, to));
  const [low, most] = [Math.min(...reached.map(({ to }) => to)), Math.max(...tops)];
  const floor = low - (most - low || Math.abs(most) || 1) * 0.5;
  const y = (value: number) => top + high - ((value - floor) / (most - floor || 1)) * high;
  const width = WIDTH / Math.max(1, steps.length);
  const shapes: Shape[] = [line([0, top + high], [WIDTH, top + high])];
  for (const [place, step] of steps.entries()) {
    const { from, to } = reached[place] ?? { from: 0, to: 0 };
    const bottom = step.kind === 'state' ? floor : from;
    const upper = Math.min(y(bottom), y(to));
    const tall = Math.max(Math.abs(y(bottom) - y(to)), 0.8);
    const fill = step.kind === 'state' ? INK.total : to < from ? INK.down : INK.up;
    const [x, middle] = [place * width, place * width + width / 2];
    shapes.push(rect(x + width * 0.2, upper, width * 0.6, tall, fill));
    shapes.push(text(middle, upper - 4, step.text, 'middle', INK.text));
    shapes.push(text(middle, top + high + 11, step.label, 'middle', INK.quiet));
    if (place + 1 < steps.length)
      shapes.push(line([x + width * 0.8, y(to)], [x + width * 1.2, y(to)], INK.quiet));
  }
  shapes.push(text(0, height - 4, 'The axis does not begin at 0.', 'start', INK.quiet));
  return { width: WIDTH, height, shapes, summary };
}

function reachedBy(steps: readonly Step[]): readonly { readonly from: number; readonly to: number }[] {
  let at = 0;
  return steps.map(({ kind, value }) => {
    const from = at;
    at = kind === 'state' ? value : at + value;
    return { from: kind === 'state' ? value : from, to: at };
  });
}

function gridlines(largest: number, left: number, top: number, high: number): Shape[] {
  return [0, 0.5, 1].flatMap((share) => {
    const y = top + high * (1 - share);
    const figure = Math.round(largest * share).toLocaleString('en');
    return [line([left, y], [WIDTH, y]), text(left - 5, y + 2.5, figure, 'end', INK.quiet)];
  });
}

function rect(x: number, y: number, width: number, height: number, fill: string): Shape {
  return { kind: 'rect', x, y, width, height, fill };
}

function line(
  from: readonly [number, number],
  to: readonly [number, number],
  stroke: string = INK.line,
): Shape {
  return { kind: 'line', from, to, stroke };
}

function text(x: number, y: number, said: string, anchor: 'start' | 'middle' | 'end', fill: string): Shape {
  return { kind: 'text', x, y, text: said, anchor, fill };
}
