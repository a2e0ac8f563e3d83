// Lines on standard error that are drawn over again while something runs: on a terminal only, and at most so often.

const EVERY_MS = 100;

export class LiveTable {
  #lines = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Draws over what was drawn before; resolves when the terminal has had time for it. */
  async draw(lines: readonly string[]): Promise<void> {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#lastMs < EVERY_MS) return;
    this.#lastMs = now;
    const width = process.stderr.columns ?? 80;
    const text = lines.map((line) => `\x1b[2K${line.slice(0, width - 1)}\n`).join("");
    process.stderr.write(`${this.#lines > 0 ? `\x1b[${this.#lines}A` : ""}${text}`);
    this.#lines = lines.length;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Takes what was drawn away. */
  end(): void {
    if (this.#lines > 0) process.stderr.write(`\x1b[${this.#lines}A\x1b[0J`);
    this.#lines = 0;
  }
}
