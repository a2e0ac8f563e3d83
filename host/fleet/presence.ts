// Who is there. A herald keeps one process's own entry current: once a second, and at once when it has news. A board
// tells which agents live, by whether their beat still moves as seen from here: clocks of others are never compared.
// An agent wrongly taken for gone costs a file read twice, which the ledger puts right.

import type { AgentPresence, PresenceDocument } from "./schema.ts";

/** Between two beats: often enough for a page to feel alive, seldom enough to cost nothing. */
export const BEAT_MS = 1000;
/** A beat that stood still for so long is a dead process or one that is cut off: five missed beats. */
export const SILENCE_MS = 5 * BEAT_MS;

export interface HeraldSource {
  readonly describe: () => Omit<AgentPresence, "beat" | "roundTripMs">;
  /** Resolves once the relay has acknowledged what was written; without it there is no round trip to tell. */
  readonly acknowledged?: () => Promise<void>;
}

export class Herald {
  readonly #presence: PresenceDocument;
  readonly #replica: string;
  readonly #source: HeraldSource;
  readonly #timer: ReturnType<typeof setInterval>;
  #beat = 0;
  #roundTripMs = 0;
  #isWaiting = false;

  constructor(presence: PresenceDocument, replica: string, source: HeraldSource) {
    this.#presence = presence;
    this.#replica = replica;
    this.#source = source;
    this.#timer = setInterval(() => this.tell(), BEAT_MS);
    this.tell();
  }

  /** Writes the entry now. */
  tell(): void {
    this.#write({});
    void this.#measure();
  }

  /** Says goodbye and falls silent. */
  leave(): void {
    clearInterval(this.#timer);
    this.#write({ state: "left" });
  }

  #write(change: Partial<AgentPresence>): void {
    const described = this.#source.describe();
    this.#presence.agents.set(this.#replica, {
      ...described,
      roundTripMs: this.#roundTripMs,
      beat: ++this.#beat,
      ...change,
    });
  }

  /** How long a beat takes to be acknowledged; the next beat tells it. */
  async #measure(): Promise<void> {
    if (this.#isWaiting || this.#source.acknowledged === undefined) return;
    this.#isWaiting = true;
    const startMs = performance.now();
    await this.#source.acknowledged().then(
      () => {
        this.#roundTripMs = Math.round((performance.now() - startMs) * 10) / 10;
      },
      () => {},
    );
    this.#isWaiting = false;
  }
}

export class PresenceBoard {
  readonly #presence: PresenceDocument;
  readonly #now: () => number;
  readonly #lastMoves = new Map<string, { beat: number; atMs: number }>();
  readonly #stop: () => void;

  constructor(presence: PresenceDocument, now: () => number) {
    this.#presence = presence;
    this.#now = now;
    for (const agent of presence.agents.keys()) this.#look(agent);
    this.#stop = presence.subscribe((change) => {
      if (change.type === "map") for (const agent of change.set) this.#look(agent);
    });
  }

  isLive(agent: string): boolean {
    const presence = this.#presence.agents.get(agent);
    if (presence === undefined || presence.state === "left" || presence.state === "lost") return false;
    const move = this.#lastMoves.get(agent);
    return move !== undefined && this.#now() - move.atMs < SILENCE_MS;
  }

  close(): void {
    this.#stop();
  }

  #look(agent: string): void {
    const beat = this.#presence.agents.get(agent)?.beat;
    if (beat === undefined || this.#lastMoves.get(agent)?.beat === beat) return;
    this.#lastMoves.set(agent, { beat, atMs: this.#now() });
  }
}
