// What really happened, as only the world knows it: every entry of the ledger with its dot, every removal with what it
// removed, and every acknowledgement. The checks compare what nodes hold with it.
import type { ReplicaId } from "../engine/engine.ts";

export interface LedgerEntry {
  readonly text: string;
  readonly node: number;
  readonly replica: ReplicaId;
  readonly sequence: number;
  readonly atMs: number;
}

/** An element of the set of parcels that was added once and removed. */
export interface Removal {
  readonly element: string;
  readonly replica: ReplicaId;
  readonly sequence: number;
}

/** `durable()` resolved: everything of this replica up to this sequence is stored. */
export interface Acknowledgement {
  readonly node: number;
  readonly replica: ReplicaId;
  readonly sequence: number;
  readonly atMs: number;
  /** What it was promised to survive. */
  readonly durability: "flushed" | "buffered";
  /** What happened to the disk since, against which nothing was promised. */
  excuse: string | undefined;
}

export class Truth {
  readonly ledger: LedgerEntry[] = [];
  readonly removals: Removal[] = [];
  readonly acknowledgements: Acknowledgement[] = [];
  readonly #dots = new Set<string>();
  mutations = 0;

  /** Says what is wrong with the entry itself; undefined when nothing is. */
  wrote(entry: LedgerEntry): string | undefined {
    const dot = `${entry.replica} ${entry.sequence}`;
    if (this.#dots.has(dot)) return `dot ${dot} was given to two mutations`;
    this.#dots.add(dot);
    this.ledger.push(entry);
    return undefined;
  }

  removed(removal: Removal): void {
    this.removals.push(removal);
  }

  /** Keeps the latest acknowledgement of a replica at a node. */
  acknowledged(acknowledgement: Acknowledgement): void {
    const index = this.acknowledgements.findLastIndex(
      ({ node, replica, excuse }) =>
        node === acknowledgement.node && replica === acknowledgement.replica && excuse === undefined,
    );
    const known = this.acknowledgements[index];
    if (known === undefined) this.acknowledgements.push(acknowledgement);
    else if (known.sequence < acknowledgement.sequence) this.acknowledgements[index] = acknowledgement;
  }

  /** The disk of a node suffered what no store can make good alone. */
  excuse(node: number, reason: string, isExcused: (one: Acknowledgement) => boolean = () => true): void {
    for (const one of this.acknowledgements) {
      if (one.node === node && isExcused(one)) one.excuse ??= reason;
    }
  }
}
