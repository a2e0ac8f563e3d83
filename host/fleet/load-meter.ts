// How busy a process of the fleet is, as four series in the presence document, a point a second each: processor time as a
// fraction of one core, resident memory in bytes, the longest delay of the event loop in milliseconds, files a second.
// They stand beside the job, not in it: the job's digest must come to rest. What is measured comes from a source, the
// process itself or a test's. Cost: some 250 bytes a second on the wire; the schema bounds what is kept.

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { PresenceDocument } from "./schema.ts";

const SAMPLE_MS = 1000;
/** A last sample of a shorter span would say more about chance than about load. */
const SPAN_MS_MIN = 100;
const DELAY_RESOLUTION_MS = 10;

/** What a source is asked for. */
export interface LoadSource {
  /** Wall-clock milliseconds since 1970, an integer. */
  now(): number;
  /** Milliseconds that never run backwards. */
  monotonicMs(): number;
  /** Milliseconds of processor time used so far. */
  processorMs(): number;
  residentBytes(): number;
  /** The longest delay of the event loop since the last call, in milliseconds. */
  takeDelayMs(): number;
  close(): void;
}

export interface LoadMeterOptions {
  readonly presence: PresenceDocument;
  /** What the labels begin with. */
  readonly name: string;
  /** Files read so far. */
  readonly files: () => number;
  readonly source: LoadSource;
}

export class LoadMeter {
  readonly #options: LoadMeterOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #last: Reading;

  constructor(options: LoadMeterOptions) {
    this.#options = options;
    this.#last = this.#read();
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS);
  }

  /** Records the span since the last sample. */
  sample(): void {
    const { presence, name, source } = this.#options;
    const [last, next] = [this.#last, this.#read()];
    const spanMs = next.monotonicMs - last.monotonicMs;
    if (spanMs <= 0) return;
    this.#last = next;
    const record = (what: string, value: number): void =>
      presence.metrics.append(`${name}/${what}`, source.now(), value);
    record("cpu", rounded((next.processorMs - last.processorMs) / spanMs, 1000));
    record("memory", source.residentBytes());
    record("delay", rounded(source.takeDelayMs(), 100));
    record("files", rounded(((next.files - last.files) * 1000) / spanMs, 100));
  }

  /** Records what is left and stops. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#options.source.monotonicMs() - this.#last.monotonicMs >= SPAN_MS_MIN) this.sample();
    this.#options.source.close();
  }

  #read(): Reading {
    const { files, source } = this.#options;
    return { monotonicMs: source.monotonicMs(), processorMs: source.processorMs(), files: files() };
  }
}

type Reading = { readonly monotonicMs: number; readonly processorMs: number; readonly files: number };

/** This process, as Node sees it. */
export function processLoad(): LoadSource {
  const delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delays.enable();
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    processorMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    residentBytes: () => process.memoryUsage.rss(),
    takeDelayMs: () => {
      // Node measures from one look to the next, which are the resolution apart where nothing is late.
      const longestMs = delays.count === 0 ? 0 : delays.max / 1e6 - DELAY_RESOLUTION_MS;
      delays.reset();
      return Math.max(0, longestMs);
    },
    close: () => delays.disable(),
  };
}

/** Few decimals take few bytes. */
function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
