// Words a second over the last minute, as a line. Samples come with renders; the rate is over the last two seconds.

import { formatCount } from "../fleet/format.ts";
import { element, setText } from "./elements.ts";

const SPAN_MS = 60_000;
const RATE_MS = 2000;
const WIDTH = 120;
const HEIGHT = 32;
const POINTS = 60;

interface Sample {
  readonly atMs: number;
  readonly words: number;
}

export class Sparkline {
  readonly #samples: Sample[] = [];

  /** Takes in the total at this moment and draws. */
  show(words: number, nowMs: number): void {
    this.#samples.push({ atMs: nowMs, words });
    while ((this.#samples[0]?.atMs ?? nowMs) < nowMs - SPAN_MS - RATE_MS) this.#samples.shift();
    const rates = this.#rates(nowMs);
    setText(element("rate"), formatCount(Math.round(rates.at(-1) ?? 0)));
    this.#draw(rates);
  }

  #rates(nowMs: number): number[] {
    return Array.from({ length: POINTS }, (_, index) => {
      const endMs = nowMs - (SPAN_MS * (POINTS - 1 - index)) / (POINTS - 1);
      return Math.max(0, ((this.#wordsAt(endMs) - this.#wordsAt(endMs - RATE_MS)) * 1000) / RATE_MS);
    });
  }

  /** The total at a moment: that of the last sample before it; of the first where there is none. */
  #wordsAt(atMs: number): number {
    for (let index = this.#samples.length - 1; index >= 0; index--) {
      const sample = this.#samples[index];
      if (sample !== undefined && sample.atMs <= atMs) return sample.words;
    }
    return this.#samples[0]?.words ?? 0;
  }

  #draw(rates: readonly number[]): void {
    const top = Math.max(1, ...rates);
    const points = rates.map((rate, index) => {
      const x = (WIDTH * index) / (POINTS - 1);
      return `${x.toFixed(1)},${(HEIGHT - 1 - (HEIGHT - 3) * (rate / top)).toFixed(1)}`;
    });
    const line = `M${points.join("L")}`;
    document.querySelector("#sparkline .stroke")?.setAttribute("d", line);
    document.querySelector("#sparkline .area")?.setAttribute("d", `${line}L${WIDTH},${HEIGHT}L0,${HEIGHT}Z`);
  }
}
