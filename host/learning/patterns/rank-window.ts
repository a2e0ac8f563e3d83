// The last values of a series in order, so that a new one's rank among them is known: what is said by ranks holds whatever
// the values are distributed like. Cost of a value: two searches, and moving up to the window's size of numbers.

export class RankWindow {
  readonly #size: number;
  readonly #recent: number[] = [];
  readonly #sorted: number[] = [];
  #oldest = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get count(): number {
    return this.#sorted.length;
  }

  get median(): number | undefined {
    return this.#sorted[this.#sorted.length >> 1];
  }

  /** The share of the values, this one among them, that it would not be above; ties count half. In (0, 1). */
  shareBelow(value: number): number {
    const below = this.#placeOf(value, false);
    const notAbove = this.#placeOf(value, true);
    return ((below + notAbove) / 2 + 0.5) / (this.#sorted.length + 1);
  }

  /** The value below which a share of the window lies; undefined of nothing. */
  quantile(share: number): number | undefined {
    const last = this.#sorted.length - 1;
    return this.#sorted[Math.max(0, Math.min(last, Math.floor(share * (last + 1))))];
  }

  add(value: number): void {
    if (this.#recent.length < this.#size) this.#recent.push(value);
    else {
      this.#sorted.splice(this.#placeOf(this.#recent[this.#oldest]!, false), 1);
      this.#recent[this.#oldest] = value;
      this.#oldest = (this.#oldest + 1) % this.#size;
    }
    this.#sorted.splice(this.#placeOf(value, true), 0, value);
  }

  clear(): void {
    this.#recent.length = 0;
    this.#sorted.length = 0;
    this.#oldest = 0;
  }

  /** How many are below `value`, or with `isAfterTies` not above it. */
  #placeOf(value: number, isAfterTies: boolean): number {
    let from = 0;
    let to = this.#sorted.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const one = this.#sorted[middle]!;
      if (one < value || (isAfterTies && one === value)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
