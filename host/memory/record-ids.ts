// Ids of records: the time they were made at, who made them, a count. They sort by time, then by maker, and no two are
// equal: each memory draws 48 random bits when it opens, so a restart in the same millisecond, a clock set back, or a
// copied store cannot make one again.
import type { Platform } from "../platform/platform.ts";

const TIME_DIGITS = 9;
const MAKER_DIGITS = 10;
const COUNT_DIGITS = 6;
const COUNTS = 36 ** COUNT_DIGITS;

export type RecordKind = "turn" | "fact" | "forget";

const LETTERS: Readonly<Record<RecordKind, string>> = { turn: "t", fact: "f", forget: "g" };

export class RecordIds {
  readonly #platform: Pick<Platform, "now" | "randomBytes">;
  #maker: string;
  #timeMs = 0;
  #count = 0;

  constructor(platform: Pick<Platform, "now" | "randomBytes">) {
    this.#platform = platform;
    this.#maker = this.#newMaker();
  }

  next(kind: RecordKind): string {
    if (this.#count === COUNTS) {
      this.#maker = this.#newMaker();
      this.#count = 0;
    }
    this.#timeMs = Math.max(this.#timeMs, this.#platform.now());
    const count = digits(this.#count++, COUNT_DIGITS);
    return `${LETTERS[kind]}${digits(this.#timeMs, TIME_DIGITS)}${this.#maker}${count}`;
  }

  #newMaker(): string {
    let number = 0;
    for (const byte of this.#platform.randomBytes(6)) number = number * 256 + byte;
    return digits(number, MAKER_DIGITS);
  }
}

function digits(number: number, count: number): string {
  return number.toString(36).padStart(count, "0");
}
