// What is left to do, kept current from change events instead of by walking the maps: a path is pending while no
// record with the wanted digest exists, and held while another live agent claims it. Cost: per changed key, constant.

import type { FleetDocument } from "./schema.ts";
import { preference, preferredAgent } from "./share.ts";

export class WorkView {
  readonly pending = new Set<string>();
  bytesDone = 0;
  readonly #fleet: FleetDocument;
  readonly #stop: () => void;
  #counted = new Map<string, number>();

  constructor(fleet: FleetDocument) {
    this.#fleet = fleet;
    for (const path of fleet.work.keys()) this.#look(path);
    this.#stop = fleet.subscribe((change) => {
      if (change.type !== "map" || (change.container !== "work" && change.container !== "files")) return;
      for (const path of change.set) this.#look(path);
      for (const path of change.deleted) this.#look(path);
    });
  }

  get filesDone(): number {
    return this.#fleet.work.size - this.pending.size;
  }

  /** Files held by agents other than `self`, of those that `isLive` says are there. */
  heldByOthers(self: string, isLive: (agent: string) => boolean): Set<string> {
    const held = new Set<string>();
    for (const [agent, claim] of this.#fleet.claims.entries()) {
      if (agent === self || !isLive(agent)) continue;
      for (const path of claim.paths) held.add(path);
    }
    return held;
  }

  /**
   * The next files for `self` among those not `held`: of its own share, at most `filesMax` and about `bytesMax` bytes;
   * where nothing of that is left, one of another's share, each agent starting elsewhere.
   */
  next(
    self: string,
    live: readonly string[],
    held: ReadonlySet<string>,
    filesMax: number,
    bytesMax: number,
  ): string[] {
    const taken: string[] = [];
    let bytes = 0;
    for (const path of this.pending) {
      if (taken.length >= filesMax) break;
      if (held.has(path) || preferredAgent(path, live) !== self) continue;
      bytes += this.#fleet.work.get(path)?.bytes ?? 0;
      if (taken.length > 0 && bytes > bytesMax) break;
      taken.push(path);
    }
    return taken.length > 0 ? taken : this.#oneOfOthers(self, held);
  }

  close(): void {
    this.#stop();
  }

  #oneOfOthers(self: string, held: ReadonlySet<string>): string[] {
    let best: string | undefined;
    let bestWeight = -1;
    for (const path of this.pending) {
      if (held.has(path)) continue;
      const weight = preference(path, self);
      if (weight <= bestWeight) continue;
      best = path;
      bestWeight = weight;
    }
    return best === undefined ? [] : [best];
  }

  #look(path: string): void {
    const wanted = this.#fleet.work.get(path);
    const isDone = wanted !== undefined && this.#fleet.files.get(path)?.digest === wanted.digest;
    if (wanted !== undefined && !isDone) this.pending.add(path);
    else this.pending.delete(path);
    this.bytesDone += (isDone ? wanted.bytes : 0) - (this.#counted.get(path) ?? 0);
    if (isDone) this.#counted.set(path, wanted.bytes);
    else this.#counted.delete(path);
  }
}
