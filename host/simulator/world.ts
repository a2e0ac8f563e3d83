// Virtual time. One event runs at a time, then every microtask it left, then the next event: Node empties the queue of
// microtasks before it takes the next callback of process.nextTick, so a turn costs no timer and no system call, and
// what real code does with promises happens in the same order each time. Whatever happens goes into a digest.
import { EventQueue, type ScheduledEvent } from "./event-queue.ts";

/** 2023-11-14T22:13:20Z: any time will do, as long as it is the same one. */
const EPOCH_MS = 1_700_000_000_000;
/** More than any fleet has to do at one moment: code that asks to be called again at once would hold time for ever. */
const MOMENT_MS = 0.001;
const EVENTS_AT_ONCE_MAX = 200_000;
/** Its reactions are microtasks; Node's queueMicrotask makes an async resource of each. */
const SETTLED = Promise.resolve();

export class World {
  readonly seed: number;
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #events = 0;
  /** Since a moment began. */
  #eventsNow = 0;
  #momentMs = 0;
  #digestLow = 0x243f6a88;
  #digestHigh = 0x85a308d3;
  /** What threw where nobody could catch it. */
  readonly #failed: (error: unknown) => void;
  #isStopped = false;

  constructor(seed: number, failed: (error: unknown) => void) {
    this.seed = seed;
    this.#failed = failed;
  }

  /** Virtual milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Wall-clock milliseconds of a clock that is right. */
  get wallMs(): number {
    return EPOCH_MS + this.#nowMs;
  }

  /** Events so far. */
  get events(): number {
    return this.#events;
  }

  /** 16 hexadecimal digits over everything noted so far. */
  get digest(): string {
    return hex(this.#digestHigh) + hex(this.#digestLow);
  }

  schedule(afterMs: number, run: () => void): ScheduledEvent {
    return this.#queue.add(this.#nowMs + Math.max(0, afterMs), run);
  }

  /** Resolves after `ms` virtual milliseconds. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.schedule(ms, resolve));
  }

  /** Mixes something that happened into the digest. */
  note(what: number, where: number, detail = 0): void {
    const value = Math.imul(what + 1, 0x9e3779b1) ^ Math.imul(where + 1, 0x85ebca77) ^ detail;
    const time = Math.floor(this.#nowMs * 1000) | 0;
    this.#digestLow = Math.imul(this.#digestLow ^ value, 0x01000193) ^ (this.#digestLow >>> 13) ^ time;
    this.#digestHigh = Math.imul(this.#digestHigh ^ this.#digestLow, 0xc2b2ae3d) ^ (this.#digestHigh >>> 15);
  }

  noteText(text: string): void {
    for (let index = 0; index < text.length; index++) this.note(0, index, text.charCodeAt(index));
  }

  /** Ends `advance` before the next event. */
  stop(): void {
    this.#isStopped = true;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Runs what is due within the next `ms`; then that time has passed. */
  advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    return new Promise((resolve) => {
      const turn = (): void => {
        const event = this.#queue.first;
        if (this.#isStopped || event === undefined || event.atMs > untilMs) {
          if (!this.#isStopped) this.#nowMs = untilMs;
          resolve();
          return;
        }
        this.#queue.take();
        if (event.run !== undefined) this.#run(event.atMs, event.run);
        void SETTLED.then(next);
      };
      // From within a microtask: a tick asked for by a tick would run before the microtasks that the first one left.
      const next = (): void => process.nextTick(turn);
      next();
    });
  }

  #run(atMs: number, run: () => void): void {
    if (atMs - this.#momentMs > MOMENT_MS) {
      this.#momentMs = atMs;
      this.#eventsNow = 0;
    }
    this.#eventsNow++;
    if (this.#eventsNow === EVENTS_AT_ONCE_MAX) {
      this.#failed(new Error(`time stands still: ${EVENTS_AT_ONCE_MAX} events at ${atMs} ms`));
    }
    this.#nowMs = atMs;
    this.#events++;
    try {
      run();
    } catch (error) {
      this.#failed(error);
    }
  }
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
