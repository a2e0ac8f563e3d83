// Times by task, and the tasks whose time has come. Asking for the next costs nothing; a walk is paid when one is due.
export class Deadlines {
  readonly #times = new Map<string, number>();
  /** Not above the least of the times. */
  #nextMs = Number.POSITIVE_INFINITY;

  get nextMs(): number {
    return this.#nextMs;
  }

  get size(): number {
    return this.#times.size;
  }

  set(task: string, atMs: number | undefined): void {
    if (atMs === undefined) {
      this.#times.delete(task);
      if (this.#times.size === 0) this.#nextMs = Number.POSITIVE_INFINITY;
      return;
    }
    this.#times.set(task, atMs);
    this.#nextMs = Math.min(this.#nextMs, atMs);
  }

  due(nowMs: number): string[] {
    if (nowMs < this.#nextMs) return [];
    const due: string[] = [];
    this.#nextMs = Number.POSITIVE_INFINITY;
    for (const [task, atMs] of this.#times) {
      if (atMs <= nowMs) due.push(task);
      else this.#nextMs = Math.min(this.#nextMs, atMs);
    }
    if (due.length > 0) this.#nextMs = Math.min(this.#nextMs, nowMs);
    return due;
  }
}
