// How often keys are written, and by whom: decayed counts of each key, of each of its last writers, of each writer and
// of all together. A rate at one time scale is shrunk towards that of the next longer one, and at last towards the mean
// key, as a Poisson rate with a gamma prior is (Robbins 1956), so that two writes in a minute do not look like a flood.
// Bounded: the key written longest ago is forgotten, and so are writers beyond a few a key; their writes then count as
// those of others, which errs towards a warning. Cost of a call: constant.
import { PREDICTED_KEYS_MAX, PREDICTED_WRITERS_MAX } from "../../limits.ts";
import { DecayedCounts } from "../decayed-counts.ts";

interface KeyCounts {
  readonly all: DecayedCounts;
  readonly byWriter: Map<string, DecayedCounts>;
}

/** What is known of a key at a time, for one who writes it. */
export interface WriteRate {
  /** Expected writes of others, per millisecond. */
  readonly othersPerMs: number;
  /** Writes of this writer, of any key, counted at the shortest scale. */
  readonly burst: number;
}

/** Writes that the longer scale weighs as much as: little, since keys change their habits. */
const PRIOR_WRITES = 0.1;
/** How much of the mean key's rate is added to every key: nothing seen of a key so far is no promise. */
const BACKGROUND_SHARE = 0.5;

export class WriteRates {
  readonly #scales: readonly number[];
  readonly #keysMax: number;
  readonly #keys = new Map<string, KeyCounts>();
  readonly #writers = new Map<string, DecayedCounts>();
  readonly #all: DecayedCounts;
  #firstMs: number | undefined;

  /** From the shortest scale to the longest, three or more. */
  constructor(scalesMs: readonly number[], keysMax = PREDICTED_KEYS_MAX) {
    this.#scales = scalesMs;
    this.#keysMax = keysMax;
    this.#all = new DecayedCounts(scalesMs, Number.NEGATIVE_INFINITY);
  }

  get keys(): number {
    return this.#keys.size;
  }

  keyNames(): IterableIterator<string> {
    return this.#keys.keys();
  }

  wrote(key: string, writer: string, atMs: number): void {
    this.#firstMs ??= atMs;
    const counts = this.#keys.get(key) ?? {
      all: new DecayedCounts(this.#scales, atMs),
      byWriter: new Map(),
    };
    counts.all.add(atMs);
    this.#addTo(counts.byWriter, writer, atMs, PREDICTED_WRITERS_MAX);
    // Last in the map is written last.
    this.#keys.delete(key);
    this.#keys.set(key, counts);
    if (this.#keys.size > this.#keysMax) this.#keys.delete(firstOf(this.#keys));
    this.#addTo(this.#writers, writer, atMs, this.#keysMax);
    this.#all.add(atMs);
  }

  rate(key: string, writer: string, nowMs: number): WriteRate {
    const own = this.#writers.get(writer);
    own?.fade(nowMs);
    this.#all.fade(nowMs);
    const mean = this.#meanKey(own, nowMs);
    return {
      othersPerMs: this.#othersOf(key, writer, nowMs, mean) + BACKGROUND_SHARE * mean,
      burst: own?.count(0) ?? 0,
    };
  }

  /** The rate at which others write the mean key, at the longest scale but one: the longest forgets too slowly. */
  #meanKey(own: DecayedCounts | undefined, nowMs: number): number {
    const place = this.#scales.length - 2;
    const others = Math.max(0, this.#all.count(place) - (own?.count(place) ?? 0));
    return others / this.#exposedMs(place, nowMs) / Math.max(1, this.#keys.size);
  }

  /** The mean over the scales of the rate at which others wrote the key. */
  #othersOf(key: string, writer: string, nowMs: number, mean: number): number {
    const counts = this.#keys.get(key);
    const own = counts?.byWriter.get(writer);
    counts?.all.fade(nowMs);
    own?.fade(nowMs);
    let rate = Math.max(mean, Number.MIN_VALUE);
    let sum = 0;
    for (let place = this.#scales.length - 1; place >= 0; place--) {
      const others = Math.max(0, (counts?.all.count(place) ?? 0) - (own?.count(place) ?? 0));
      rate = (others + PRIOR_WRITES) / (this.#exposedMs(place, nowMs) + PRIOR_WRITES / rate);
      sum += rate;
    }
    return sum / this.#scales.length;
  }

  /** The time a decayed count stands for: its scale, or less while nothing is known of a time so long ago. */
  #exposedMs(place: number, nowMs: number): number {
    const scale = this.#scales[place]!;
    const knownMs = Math.max(nowMs - (this.#firstMs ?? nowMs), this.#scales[0]!);
    return -scale * Math.expm1(-knownMs / scale);
  }

  #addTo(table: Map<string, DecayedCounts>, writer: string, atMs: number, writersMax: number): void {
    const counts = table.get(writer) ?? new DecayedCounts(this.#scales, atMs);
    counts.add(atMs);
    table.delete(writer);
    table.set(writer, counts);
    if (table.size > writersMax) table.delete(firstOf(table));
  }
}

function firstOf(table: ReadonlyMap<string, unknown>): string {
  return table.keys().next().value as string;
}
