/** Slots are filled to at most this share, so that a search ends soon. */
const MOST_FILLED = 0.7;

/**
 * A set of texts by 64 bits of each, twelve bytes or so apiece: whether one of a hundred million was taken for another is
 * a matter of one to 10^6 against it.
 */
export class Fingerprints {
  #high = new Uint32Array(1 << 12);
  #low = new Uint32Array(1 << 12);
  #held = 0;

  /** Adds a text; false if it was there. */
  add(text: string): boolean {
    if (this.#held > this.#high.length * MOST_FILLED) this.#grow();
    const [high, low] = hashOf(text);
    const slot = this.#slotOf(high, low);
    if (this.#high[slot] !== 0) return false;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#held += 1;
    return true;
  }

  has(text: string): boolean {
    const [high, low] = hashOf(text);
    return this.#high[this.#slotOf(high, low)] !== 0;
  }

  /** Where a fingerprint is, or the free slot where it would be. */
  #slotOf(high: number, low: number): number {
    const mask = this.#high.length - 1;
    let slot = low & mask;
    while (this.#high[slot] !== 0 && (this.#high[slot] !== high || this.#low[slot] !== low))
      slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [highs, lows] = [this.#high, this.#low];
    this.#high = new Uint32Array(highs.length * 2);
    this.#low = new Uint32Array(lows.length * 2);
    for (const [index, high] of highs.entries()) {
      if (high === 0) continue;
      const low = lows[index] ?? 0;
      const slot = this.#slotOf(high, low);
      this.#high[slot] = high;
      this.#low[slot] = low;
    }
  }
}

/** Two hashes of 32 bits that mix each character differently; the first is never 0, which marks a free slot. */
function hashOf(text: string): readonly [number, number] {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5bd1e995);
    high ^= high >>> 15;
    low ^= low >>> 13;
  }
  high = Math.imul(high ^ (low >>> 16), 0xc2b2ae35);
  low = Math.imul(low ^ (high >>> 13), 0x27d4eb2f);
  return [(high ^ (high >>> 16)) >>> 0 || 1, (low ^ (low >>> 15)) >>> 0];
}
