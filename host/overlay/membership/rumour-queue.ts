// What is still to be told to whom. Each rumour goes to each link a few times and no more; a newer one about the same
// takes the older one's place. Cost of `take`: the rumours that wait, few in a quiet fleet.
import type { ReplicaId } from "../../wire/replica-id.ts";
import { type Rumour, rumourKey } from "./member.ts";

/** A link is told one thing at most so often, however few links there are. */
const TIMES_PER_LINK_MAX = 3;

interface Waiting {
  readonly rumour: Rumour;
  readonly bytes: number;
  readonly toldTo: Map<ReplicaId, number>;
  told: number;
}

export class RumourQueue {
  readonly #waiting = new Map<string, Waiting>();
  readonly #factor: number;
  readonly #bytesOf: (rumour: Rumour) => number;

  /** Each rumour is told about `factor` · log10 of the members times. */
  constructor(factor: number, bytesOf: (rumour: Rumour) => number) {
    this.#factor = factor;
    this.#bytesOf = bytesOf;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** `heardFrom` need not be told. */
  add(rumour: Rumour, heardFrom?: ReplicaId): void {
    const toldTo = new Map<ReplicaId, number>();
    if (heardFrom !== undefined) toldTo.set(heardFrom, TIMES_PER_LINK_MAX);
    this.#waiting.set(rumourKey(rumour), { rumour, bytes: this.#bytesOf(rumour), toldTo, told: 0 });
  }

  /** Whether `link` has not been told everything as often as it should. */
  isOwed(link: ReplicaId, links: number, members: number): boolean {
    const times = this.#timesPerLink(links, members);
    for (const { toldTo } of this.#waiting.values()) if ((toldTo.get(link) ?? 0) < times) return true;
    return false;
  }

  /** What to tell `link` now, at most `bytesMax` of it and at least one; the least told first. */
  take(link: ReplicaId, links: number, members: number, bytesMax: number): Rumour[] {
    const times = this.#timesPerLink(links, members);
    const owed = [...this.#waiting.values()].filter(({ toldTo }) => (toldTo.get(link) ?? 0) < times);
    owed.sort((left, right) => left.told - right.told);
    const taken: Rumour[] = [];
    let bytes = 0;
    for (const waiting of owed) {
      if (taken.length > 0 && bytes + waiting.bytes > bytesMax) continue;
      bytes += waiting.bytes;
      waiting.told++;
      waiting.toldTo.set(link, (waiting.toldTo.get(link) ?? 0) + 1);
      taken.push(waiting.rumour);
    }
    return taken;
  }

  /** Forgets what all `links` were told often enough. */
  prune(links: readonly ReplicaId[], members: number): void {
    if (links.length === 0) return;
    const times = this.#timesPerLink(links.length, members);
    for (const [key, { toldTo }] of this.#waiting) {
      if (links.every((link) => (toldTo.get(link) ?? 0) >= times)) this.#waiting.delete(key);
    }
  }

  #timesPerLink(links: number, members: number): number {
    const times = (this.#factor * Math.ceil(Math.log10(members + 1))) / Math.max(1, links);
    return Math.max(1, Math.min(TIMES_PER_LINK_MAX, Math.ceil(times)));
  }
}
