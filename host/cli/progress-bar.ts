// The progress bar of a terminal, by cli-progress; loaded only where there is a terminal to draw on.

import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { ProgressState } from "./terminal.ts";

const FORMAT = "{bar} {percentage} % · {value}/{total} files · {detail}";

export class ProgressBar {
  readonly #bars = new MultiBar(
    { format: FORMAT, stream: process.stderr, hideCursor: true },
    Presets.shades_classic,
  );
  #bar: SingleBar | undefined;

  draw({ done, total, detail }: ProgressState): void {
    this.#bar ??= this.#bars.create(total, done, { detail });
    this.#bar.setTotal(total);
    this.#bar.update(done, { detail });
  }

  /** A line above the bar. */
  say(text: string): void {
    this.#bars.log(`${text}\n`);
  }

  end(): void {
    this.#bars.stop();
  }
}
