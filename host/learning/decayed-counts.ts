// Events counted at several time scales at once: a count that fades as e^(−age / scale), so that count / scale is an
// exponentially weighted rate. Reads no clock: a time before the last one counts as the last one. Cost of a call: one
// exponential a scale.

export class DecayedCounts {
  readonly #scales: readonly number[];
  readonly #counts: Float64Array;
  #atMs: number;

  constructor(scalesMs: readonly number[], atMs: number) {
    this.#scales = scalesMs;
    this.#counts = new Float64Array(scalesMs.length);
    this.#atMs = atMs;
  }

  get atMs(): number {
    return this.#atMs;
  }

  /** Lets the counts fade until now. */
  fade(nowMs: number): void {
    const passedMs = nowMs - this.#atMs;
    if (passedMs <= 0) return;
    this.#atMs = nowMs;
    for (let place = 0; place < this.#counts.length; place++) {
      this.#counts[place]! *= Math.exp(-passedMs / this.#scales[place]!);
    }
  }

  add(nowMs: number): void {
    this.fade(nowMs);
    for (let place = 0; place < this.#counts.length; place++) this.#counts[place]! += 1;
  }

  count(place: number): number {
    return this.#counts[place]!;
  }
}
