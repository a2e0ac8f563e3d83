// What is left to do, kept current from change events instead of by walking the maps: a path is pending while no
// record with the wanted digest exists. Cost: per changed key, constant.

import type { FleetDocument } from "./schema.ts";

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

  close(): void {
    this.#stop();
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
