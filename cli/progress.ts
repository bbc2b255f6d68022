import type { NightEvent } from '../pipelines/events.ts';

/** Where the bar is drawn: a terminal's stream, its width and a clock; handed in so that tests can watch. */
export interface Screen {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly now: () => number;
}

const BAR_CELLS = 24;
const REDRAW_MS = 80;

/** Draws one line that is rewritten while an item is worked on, and leaves a line behind for each finished item. */
export function progressLine(screen: Screen): { onEvent: (event: NightEvent) => void; clear: () => void } {
  let item = '';
  let started = 0;
  let drawn = Number.NEGATIVE_INFINITY;
  const clear = () => screen.write('\r\x1b[2K');
  const leave = (text: string) => screen.write(`\r\x1b[2K${text}\n`);
  const onEvent = (event: NightEvent) => {
    if (event.kind === 'stage') return leave(`▸ ${event.stage} ${event.detail}`);
    if (event.kind === 'warning') return leave(`  ! ${event.message}`);
    if (event.kind === 'item_done') {
      item = '';
      return leave(`  ✓ ${event.item}: ${event.detail}`);
    }
    if (event.item !== item) {
      item = event.item;
      started = screen.now();
      drawn = Number.NEGATIVE_INFINITY;
    }
    if (screen.now() - drawn < REDRAW_MS) return;
    drawn = screen.now();
    clear();
    screen.write(renderProgress(event, screen.now() - started).slice(0, screen.columns() - 1));
  };
  return { onEvent, clear };
}

/** One line of progress: bar and share where the end is known, count, rate, and time left. */
export function renderProgress(event: Extract<NightEvent, { kind: 'progress' }>, elapsedMs: number): string {
  const share = event.share ?? (event.total === null || event.total === 0 ? null : event.done / event.total);
  const seconds = elapsedMs / 1000;
  const rate = seconds > 0.5 ? event.done / seconds : null;
  const count = event.total === null ? whole(event.done) : `${whole(event.done)}/${whole(event.total)}`;
  const parts = [`  ${event.item}`];
  if (share !== null) parts.push(`${bar(share)} ${String(Math.floor(clamp(share) * 100)).padStart(3)} %`);
  parts.push(`${count} ${event.unit}`);
  if (rate !== null) parts.push(`${rate >= 100 ? whole(Math.round(rate)) : rate.toFixed(1)} ${event.unit}/s`);
  if (share !== null && share > 0.02 && seconds > 1)
    parts.push(`${duration((seconds * (1 - clamp(share))) / share)} left`);
  return parts.join('  ');
}

const clamp = (share: number) => Math.min(1, Math.max(0, share));

function bar(share: number): string {
  const full = Math.round(clamp(share) * BAR_CELLS);
  return `[${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}]`;
}

/** A whole number with thousands separated. */
export function whole(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Seconds as `42 s`, `3 min 05 s` or `1 h 02 min`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, '0')} s`;
  return `${Math.floor(total / 3600)} h ${String(Math.floor((total % 3600) / 60)).padStart(2, '0')} min`;
}

/** Bytes in the unit a person would use. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(1)} KiB`;
  if (count < 1024 ** 3) return `${(count / 1024 ** 2).toFixed(1)} MiB`;
  return `${(count / 1024 ** 3).toFixed(2)} GiB`;
}
