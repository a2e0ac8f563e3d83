// The best few of many scored slots: a heap of bounded size whose top is the worst one kept. Equal scores go to the later
// turn in canonical order, so that what is kept does not depend on the order it was offered in.
import type { RecallIndex } from "./recall-index.ts";

export class BestSlots {
  readonly #index: RecallIndex;
  readonly #most: number;
  readonly #slots: number[] = [];
  readonly #scores: number[] = [];

  constructor(index: RecallIndex, most: number) {
    this.#index = index;
    this.#most = most;
  }

  /** A score below this is not kept. */
  get bar(): number {
    return this.#slots.length < this.#most ? Number.NEGATIVE_INFINITY : this.#scores[0]!;
  }

  offer(slot: number, score: number): void {
    if (this.#slots.length < this.#most) {
      this.#slots.push(slot);
      this.#scores.push(score);
      this.#rise(this.#slots.length - 1);
    } else if (this.#isWorse(this.#slots[0]!, this.#scores[0]!, slot, score)) {
      this.#slots[0] = slot;
      this.#scores[0] = score;
      this.#sink();
    }
  }

  /** Those kept, best first. */
  ranked(): { readonly slot: number; readonly score: number }[] {
    const kept = this.#slots.map((slot, place) => ({ slot, score: this.#scores[place]! }));
    return kept.sort((left, right) =>
      this.#isWorse(left.slot, left.score, right.slot, right.score) ? 1 : -1,
    );
  }

  /** Those kept, in no order. */
  get slots(): readonly number[] {
    return this.#slots;
  }

  #isWorse(slot: number, score: number, otherSlot: number, otherScore: number): boolean {
    return score < otherScore || (score === otherScore && this.#index.isBefore(slot, otherSlot));
  }

  #isWorseAt(place: number, other: number): boolean {
    return this.#isWorse(
      this.#slots[place]!,
      this.#scores[place]!,
      this.#slots[other]!,
      this.#scores[other]!,
    );
  }

  #rise(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!this.#isWorseAt(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #sink(): void {
    for (let place = 0; ; ) {
      let worst = place;
      for (const child of [2 * place + 1, 2 * place + 2]) {
        if (child < this.#slots.length && this.#isWorseAt(child, worst)) worst = child;
      }
      if (worst === place) return;
      this.#swap(place, worst);
      place = worst;
    }
  }

  #swap(place: number, other: number): void {
    [this.#slots[place], this.#slots[other]] = [this.#slots[other]!, this.#slots[place]!];
    [this.#scores[place], this.#scores[other]] = [this.#scores[other]!, this.#scores[place]!];
  }
}
