// Who holds how much of a bounded counter, after O'Neil's escrow method (1986) and the bounded counter of Balegas et
// al. (2015): what exists was created somewhere, what is spent was held by who spent it, and rights move only by the
// hand of their holder. A replica knows all its own rows and perhaps not yet all that others gave it, so what it takes
// for its own is never too much: the bound holds without asking anybody. Cost: a pass over the rows.
import type { ReplicaId } from "../../wire/replica-id.ts";

/** Running sums that `giver` wrote: for itself (created, spent), or for `receiver` (given). */
export interface RightsRow {
  readonly giver: ReplicaId;
  readonly receiver: ReplicaId | undefined;
  readonly plus: number;
  readonly minus: number;
}

export interface Transfer {
  readonly to: ReplicaId;
  readonly amount: number;
}

/** What one replica, and no other, should give away. */
export interface Rebalance {
  readonly from: ReplicaId;
  readonly transfers: readonly Transfer[];
}

export class RightsTable {
  /** Exact: sums over replicas may pass 2^53. */
  readonly #rights = new Map<ReplicaId, bigint>();
  #created = 0n;
  #spent = 0n;

  constructor(rows: Iterable<RightsRow>) {
    for (const row of rows) this.add(row);
  }

  /** Adds to what the giver created and spent, or gave to the receiver. */
  add({ giver, receiver, plus, minus }: RightsRow): void {
    if (receiver === undefined) {
      this.#created += BigInt(plus);
      this.#spent += BigInt(minus);
      this.#change(giver, BigInt(plus) - BigInt(minus));
    } else {
      this.#change(giver, -BigInt(plus));
      this.#change(receiver, BigInt(plus));
    }
  }

  get created(): bigint {
    return this.#created;
  }

  get spent(): bigint {
    return this.#spent;
  }

  /** What `replica` may spend; never more than it really has. Below 0 where what was given to it has not come yet. */
  rightsOf(replica: ReplicaId): bigint {
    return this.#rights.get(replica) ?? 0n;
  }

  /** All that ever held rights, ascending by id. */
  holders(): ReplicaId[] {
    return [...this.#rights.keys()].sort();
  }

  /**
   * What the richest (of equals the smallest id) should give so that everybody has `lowWater`, poorest first, keeping
   * that much itself. `members` may have nothing yet. Whoever sees the same table comes to the same answer, and giving
   * changes the table, so nobody gives twice.
   */
  rebalance(lowWater: number, members: Iterable<ReplicaId> = []): Rebalance | undefined {
    const everybody = [...new Set([...this.#rights.keys(), ...members])].sort();
    const held = everybody.map((replica) => ({ replica, rights: positive(this.rightsOf(replica)) }));
    // Sorting is stable, so equals stay ascending by id.
    held.sort((left, right) => Number(left.rights > right.rights) - Number(left.rights < right.rights));
    const most = held.at(-1)?.rights;
    const richest = held.find(({ rights }) => rights === most);
    if (richest === undefined) return undefined;
    const transfers: Transfer[] = [];
    let spare = richest.rights - BigInt(lowWater);
    for (const { replica, rights } of held) {
      const lack = BigInt(lowWater) - rights;
      if (spare <= 0n || lack <= 0n) break;
      const amount = lack < spare ? lack : spare;
      transfers.push({ to: replica, amount: Number(amount) });
      spare -= amount;
    }
    return transfers.length === 0 ? undefined : { from: richest.replica, transfers };
  }

  #change(replica: ReplicaId, amount: bigint): void {
    this.#rights.set(replica, this.rightsOf(replica) + amount);
  }
}

/** Below 0 is only what has not come here yet: nothing to make good. */
function positive(rights: bigint): bigint {
  return rights > 0n ? rights : 0n;
}
