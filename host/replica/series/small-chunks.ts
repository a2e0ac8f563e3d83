// Counts the chunks that turns of few points left, by label: when there are enough, the engine is asked to join them. Counts
// are lost with the process; the next sixteen turns of a label make up for it.

/** A turn of so many points leaves a chunk that needs no joining. */
const SMALL_POINTS = 4096;
/** So many are worth joining; the engine joins no fewer. */
const CROWD = 16;
/** Labels counted at once. */
const LABELS_MAX = 65536;

export class SmallChunks {
  readonly #counts = new Map<string, number>();

  /** Takes note of a chunk of `points`; says whether its label has a crowd of them, which then counts as joined. */
  count(label: string, points: number): boolean {
    if (points >= SMALL_POINTS) return false;
    const count = (this.#counts.get(label) ?? 0) + 1;
    if (count === CROWD) {
      this.#counts.delete(label);
      return true;
    }
    if (this.#counts.size >= LABELS_MAX && !this.#counts.has(label)) this.#counts.clear();
    this.#counts.set(label, count);
    return false;
  }
}
