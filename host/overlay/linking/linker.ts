// Opens and closes connections as link-plan.ts says, calls the seeds while there is nobody, and now and then somebody
// who is gone: were they cut off, one answer joins the two sides again. A connection that ends is not mended but
// planned anew, since the member it led to may be gone.
import type { ClientConnection, Hub } from "../../net/index.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import { type LinkedTo, planLinks } from "./link-plan.ts";

const RETRY_FIRST_MS = 300;
const RETRY_LONGEST_MS = 5_000;
/** How often one of those who are gone is called. */
const CALL_GONE_EVERY_MS = 2_000;

export interface LinkerView {
  readonly self: ReplicaId;
  readonly canListen: boolean;
  readonly wanted: ReadonlySet<ReplicaId>;
  /** Whether the other ends want the same. */
  readonly isMutual: boolean;
  readonly linked: ReadonlyMap<ReplicaId, LinkedTo>;
  /** Where present members can be reached. */
  addressOf(id: ReplicaId): string | undefined;
  /** Addresses of members that are gone without having left. */
  gone(): readonly string[];
}

interface Trial {
  readonly atMs: number;
  readonly pauseMs: number;
}

export class Linker {
  readonly #hub: Hub;
  readonly #seeds: readonly string[];
  readonly #random: () => number;
  /** Told when an attempt came to nothing or a connection ended. */
  readonly #changed: () => void;
  readonly #connections = new Set<ClientConnection>();
  readonly #opening = new Map<string, ReplicaId | undefined>();
  readonly #trials = new Map<string, Trial>();
  readonly #wantedSinceMs = new Map<ReplicaId, number>();
  #calledGoneAtMs = Number.NEGATIVE_INFINITY;
  #nextSeed = 0;
  #isClosed = false;

  constructor(hub: Hub, seeds: readonly string[], random: () => number, changed: () => void) {
    this.#hub = hub;
    this.#seeds = seeds;
    this.#random = random;
    this.#changed = changed;
  }

  /** Acts on what there is now. */
  step(view: LinkerView, nowMs: number): void {
    if (this.#isClosed) return;
    for (const id of view.wanted) if (!this.#wantedSinceMs.has(id)) this.#wantedSinceMs.set(id, nowMs);
    for (const id of this.#wantedSinceMs.keys()) if (!view.wanted.has(id)) this.#wantedSinceMs.delete(id);
    const opening = new Set<ReplicaId>();
    for (const id of this.#opening.values()) if (id !== undefined) opening.add(id);
    const plan = planLinks({
      self: view.self,
      canListen: view.canListen,
      wanted: this.#wantedSinceMs,
      linked: view.linked,
      opening,
      isMutual: view.isMutual,
      mayTry: (id) => this.#mayTry(view.addressOf(id), nowMs),
      nowMs,
    });
    for (const id of plan.open) this.#open(view.addressOf(id)!, id, nowMs);
    for (const id of plan.close) this.#closeOne(id);
    if (view.linked.size === 0) this.#callSeed(nowMs);
    this.#callGone(view, nowMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  #mayTry(address: string | undefined, nowMs: number): boolean {
    if (address === undefined || this.#opening.has(address)) return false;
    return nowMs >= (this.#trials.get(address)?.atMs ?? 0);
  }

  #callSeed(nowMs: number): void {
    const seed = this.#seeds[this.#nextSeed % Math.max(1, this.#seeds.length)];
    if (seed === undefined || this.#opening.size > 0) return;
    this.#nextSeed++;
    if (this.#mayTry(seed, nowMs)) this.#open(seed, undefined, nowMs);
  }

  #callGone(view: LinkerView, nowMs: number): void {
    if (nowMs - this.#calledGoneAtMs < CALL_GONE_EVERY_MS) return;
    this.#calledGoneAtMs = nowMs;
    const gone = view.gone();
    const address = gone[Math.floor(this.#random() * gone.length)];
    if (address !== undefined && !this.#opening.has(address)) this.#open(address, undefined, nowMs);
  }

  #open(url: string, id: ReplicaId | undefined, nowMs: number): void {
    const pauseMs = Math.min(RETRY_LONGEST_MS, (this.#trials.get(url)?.pauseMs ?? RETRY_FIRST_MS / 2) * 2);
    this.#trials.set(url, { atMs: nowMs + pauseMs * (0.5 + this.#random()), pauseMs });
    this.#opening.set(url, id);
    this.#hub.connect(url).then(
      (connection) => this.#opened(url, connection),
      () => this.#failed(url),
    );
  }

  #opened(url: string, connection: ClientConnection): void {
    this.#opening.delete(url);
    this.#trials.delete(url);
    if (this.#isClosed) {
      void connection.close();
      return;
    }
    this.#connections.add(connection);
    const ended = () => {
      if (connection.status === "open" || !this.#connections.delete(connection)) return;
      void connection.close();
      this.#changed();
    };
    connection.onStatus(ended);
    ended();
    this.#changed();
  }

  #failed(url: string): void {
    this.#opening.delete(url);
    this.#changed();
  }

  #closeOne(id: ReplicaId): void {
    for (const connection of this.#connections) {
      if (connection.peer !== id) continue;
      this.#connections.delete(connection);
      void connection.close();
      return;
    }
  }
}
