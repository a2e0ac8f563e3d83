// What a command says to whom: results to standard output, as lines or, with --json, as one JSON value; news and
// progress to standard error, as a bar on a terminal and as a plain line every other second elsewhere.

import type { ProgressBar } from "./progress-bar.ts";

const PLAIN_PROGRESS_MS = 2000;

export interface ProgressState {
  readonly done: number;
  readonly total: number;
  readonly detail: string;
}

export class Terminal {
  readonly isJson: boolean;
  #bar: ProgressBar | undefined;
  #lastPlainMs = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly json: boolean }) {
    this.isJson = options.json;
  }

  /** A line of the result; says nothing with --json. */
  line(text = ""): void {
    if (!this.isJson) process.stdout.write(`${text}\n`);
  }

  /** The result as a value; says nothing without --json. */
  result(value: unknown): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** News that are not the result. */
  news(text: string): void {
    if (this.#bar !== undefined) this.#bar.say(text);
    else process.stderr.write(`${text}\n`);
  }

  /** Draws progress as a bar from now on, if standard error is a terminal. */
  async startProgress(): Promise<void> {
    if (!process.stderr.isTTY) return;
    const { ProgressBar } = await import("./progress-bar.ts");
    this.#bar = new ProgressBar();
  }

  /** Shows how far the work is. */
  progress(state: ProgressState): void {
    if (this.#bar !== undefined) this.#bar.draw(state);
    else this.#sayNowAndThen(state);
  }

  endProgress(): void {
    this.#bar?.end();
    this.#bar = undefined;
  }

  #sayNowAndThen(state: ProgressState): void {
    const now = performance.now();
    if (now - this.#lastPlainMs < PLAIN_PROGRESS_MS) return;
    this.#lastPlainMs = now;
    this.news(`read ${state.done} of ${state.total} files · ${state.detail}`);
  }
}

const NUMBER = /^[\d,.]+$/;

/** Rows as columns that line up; a column whose last cell is a number stands to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const texts = rows.map((row) => row.map(String));
  const columns = (texts[0] ?? []).map((_, column) => ({
    width: Math.max(...texts.map((row) => row[column]?.length ?? 0)),
    isNumber: NUMBER.test(texts.at(-1)?.[column] ?? ""),
  }));
  return texts.map((row) =>
    columns
      .map(({ width, isNumber }, column) => {
        const cell = row[column] ?? "";
        return isNumber ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
