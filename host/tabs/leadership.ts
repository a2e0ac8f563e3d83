// Who of the tabs leads: a place in the queue for one lock, held as long as this tab leads. A tab that dies lets go of it
// without doing anything, and the next in the queue begins; one that steps down begins anew at the end of the queue.
import type { TabWorld } from "../platform/tab-world.ts";

export interface LeadershipParts {
  readonly world: TabWorld;
  readonly lock: string;
  /** This tab leads from now on. */
  readonly begin: () => void;
  /** Called before the lock goes to the next; what it returns is waited for. */
  readonly end: () => Promise<void>;
}

type State = "idle" | "waiting" | "leading" | "leaving";

export class Leadership {
  readonly #parts: LeadershipParts;
  #state: State = "idle";
  /** Asked for while the last one was being left. */
  #isWanted = false;
  #abandon: () => void = () => {};
  #release: () => void = () => {};
  #leaving: Promise<void> | undefined;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
  }

  get state(): State {
    return this.#state;
  }

  /** Stands for leader. */
  seek(): void {
    this.#isWanted = true;
    if (this.#state !== "idle") return;
    this.#state = "waiting";
    this.#abandon = this.#parts.world.requestLock(this.#parts.lock, (release) => this.#granted(release));
  }

  /** Stands no more, and stops leading; resolves when the next one can begin. */
  leave(): Promise<void> {
    this.#isWanted = false;
    if (this.#state === "waiting") {
      this.#state = "idle";
      this.#abandon();
    }
    if (this.#state === "leading") {
      this.#state = "leaving";
      this.#leaving = this.#end();
    }
    return this.#leaving ?? Promise.resolve();
  }

  #granted(release: () => void): void {
    // Given up in the same moment.
    if (this.#state !== "waiting") {
      release();
      return;
    }
    this.#state = "leading";
    this.#release = release;
    this.#parts.begin();
  }

  async #end(): Promise<void> {
    try {
      await this.#parts.end();
    } finally {
      this.#release();
      this.#state = "idle";
      this.#leaving = undefined;
      if (this.#isWanted) this.seek();
    }
  }
}
