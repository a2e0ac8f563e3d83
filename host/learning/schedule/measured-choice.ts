// Which of a few settings (a compression level, a batch size) costs least, by what each was measured to cost for inputs of
// about the same size. Every setting is measured once before any is preferred, and the one measured longest ago again at
// every 32nd choice, so that a machine that changed is noticed. Reads no clock: who measures says what it cost.
// Cost of a call: the number of settings.
import { CrdtError } from "../../errors.ts";

interface Measured {
  mean: number;
  /** The choice at which it was measured last. */
  at: number;
}

/** What a new measurement weighs against those before. */
const NEWEST_SHARE = 0.2;
const CHECKED_EVERY = 32;
/** Sizes from 2^31 are one class. */
const SIZE_CLASSES = 32;

export class MeasuredChoice<Setting> {
  readonly #settings: readonly Setting[];
  readonly #measured: (Measured | undefined)[][];
  readonly #choices = new Uint32Array(SIZE_CLASSES);

  /** Errors: invalid-argument. */
  constructor(settings: readonly Setting[]) {
    if (settings.length === 0) throw new CrdtError("invalid-argument", "no settings: give one at least");
    this.#settings = [...settings];
    this.#measured = Array.from({ length: SIZE_CLASSES }, () => settings.map(() => undefined));
  }

  /** What to take for an input of this size. */
  choose(bytes: number): Setting {
    const size = sizeClassOf(bytes);
    const known = this.#measured[size]!;
    const unmeasured = known.indexOf(undefined);
    if (unmeasured >= 0) return this.#settings[unmeasured]!;
    this.#choices[size]! += 1;
    const isCheck = this.#choices[size]! % CHECKED_EVERY === 0;
    const by = (measured: Measured | undefined) => (isCheck ? measured!.at : measured!.mean);
    let best = 0;
    for (let place = 1; place < known.length; place++) if (by(known[place]) < by(known[best])) best = place;
    return this.#settings[best]!;
  }

  /** What a setting cost for an input of this size, in any unit that is the same for all settings. */
  measured(setting: Setting, bytes: number, cost: number): void {
    const place = this.#settings.indexOf(setting);
    if (place < 0 || !Number.isFinite(cost)) return;
    const size = sizeClassOf(bytes);
    const before = this.#measured[size]![place];
    const mean = before === undefined ? cost : before.mean + NEWEST_SHARE * (cost - before.mean);
    this.#measured[size]![place] = { mean, at: this.#choices[size]! };
  }
}

function sizeClassOf(bytes: number): number {
  return Math.min(SIZE_CLASSES - 1, Math.ceil(Math.log2(Math.max(1, bytes))));
}
