// A counter that is never spent below 0, in no order and no partition, without asking anybody: each replica spends
// only what it holds itself, and what it does not hold somebody has to give it. Method and sources: rights-table.ts.
// A replica that took a new id starts with nothing; what its old id held stays with that id. Reads cost a pass over
// the rows (one a replica, one a pair that gave), cached until one changes.
import { CrdtError } from "../../errors.ts";
import { isReplicaId, type ReplicaId, readReplicaId } from "../../wire/replica-id.ts";
import { type ByteCursor, readVarint } from "../../wire/varint.ts";
import type { BoundedChange, ChangeOrigin } from "../change.ts";
import { ContainerHandle, TouchedKeys } from "../container-handle.ts";
import { EntriesExport } from "../entries-export.ts";
import { type RightsRow, RightsTable, type Transfer } from "./rights-table.ts";

export interface RebalanceOptions {
  /** What everybody should have. */
  readonly lowWater: number;
  /** Replicas that may not have held anything yet. */
  readonly members?: Iterable<ReplicaId>;
}

export class BoundedCounterHandle extends ContainerHandle {
  readonly type = "bounded";
  #table: RightsTable | undefined;
  readonly #touched = new TouchedKeys<ReplicaId>();

  /** What is left of all that was created. Errors: counter-range where that leaves 2^53 − 1. */
  get value(): number {
    const { created, spent } = this.#rights();
    return this.#exact(created - spent, "stands at");
  }

  /** What this replica may spend or give. Errors: counter-range. */
  get rights(): number {
    return this.rightsOf(this.owner.engine.replica);
  }

  /** What `replica` holds as far as is known here; what it was given may be on its way. Errors: counter-range. */
  rightsOf(replica: ReplicaId): number {
    return this.#exact(this.#rights().rightsOf(replica), `gives ${replica}`);
  }

  /** All that ever held rights, ascending by id. */
  holders(): ReplicaId[] {
    return this.#rights().holders();
  }

  /** Creates `amount` for this replica, an integer from 0. Errors: invalid-argument, counter-range. */
  topUp(amount: number): void {
    this.#adjust(undefined, this.#checked(amount, "topUp"), 0);
  }

  /** Spends `amount` of what this replica holds. Errors: insufficient-rights, invalid-argument, counter-range. */
  spend(amount: number): void {
    this.#demand(this.#checked(amount, "spend"), "spend");
    this.#adjust(undefined, 0, amount);
  }

  /** Gives `amount` of what this replica holds to another. Errors: insufficient-rights, invalid-argument, counter-range. */
  transfer(to: ReplicaId, amount: number): void {
    if (!isReplicaId(to) || to === this.owner.engine.replica) {
      throw new CrdtError(
        "invalid-argument",
        `${this.name}.transfer to ${String(to)}: give another replica's id`,
      );
    }
    this.#demand(this.#checked(amount, "transfer"), "transfer");
    this.#adjust(to, amount, 0);
  }

  /**
   * Gives to those below `lowWater` what they lack, if this replica is the richest (of equals the smallest id); says
   * what it gave. Any replica may call it at any time: where all see the same, one gives. Errors: invalid-argument.
   */
  rebalance({ lowWater, members = [] }: RebalanceOptions): readonly Transfer[] {
    const decided = this.#rights().rebalance(this.#checked(lowWater, "rebalance"), members);
    if (decided === undefined || decided.from !== this.owner.engine.replica) return [];
    this.owner.bulk(() => {
      for (const { to, amount } of decided.transfers) this.transfer(to, amount);
    });
    return decided.transfers;
  }

  toJSON(): number {
    return this.value;
  }

  get isCaching(): boolean {
    return this.#table !== undefined;
  }

  dropCache(): void {
    this.#table = undefined;
  }

  noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    this.#table = undefined;
    if (isRecorded) this.#touched.touch(readReplicaId(key, 0), isPresent);
  }

  takeChange(origin: ChangeOrigin): BoundedChange | undefined {
    const { present } = this.#touched.take();
    if (present.length === 0) return undefined;
    return { container: this.name, type: "bounded", origin, replicas: present.map(({ key }) => key) };
  }

  #adjust(receiver: ReplicaId | undefined, plus: number, minus: number): void {
    if (plus === 0 && minus === 0) return;
    const giver = this.owner.engine.replica;
    this.owner.writes.adjust(this.index, receiver, plus, minus);
    this.#table?.add({ giver, receiver, plus, minus });
    if (!this.owner.isObserved) return;
    this.#touched.touch(giver, true);
    this.owner.changed(this);
  }

  #demand(amount: number, verb: string): void {
    const available = this.#rights().rightsOf(this.owner.engine.replica);
    if (BigInt(amount) <= available) return;
    throw new CrdtError(
      "insufficient-rights",
      `${this.name}.${verb}(${amount}): this replica holds ${available}; ask for less, or have another one transfer rights`,
    );
  }

  #checked(amount: number, verb: string): number {
    if (Number.isSafeInteger(amount) && amount >= 0) return amount;
    throw new CrdtError(
      "invalid-argument",
      `${this.name}.${verb}: ${String(amount)} is no amount; give an integer from 0 to 2^53 − 1`,
    );
  }

  #exact(amount: bigint, says: string): number {
    const value = Number(amount);
    if (Number.isSafeInteger(value)) return value;
    throw new CrdtError(
      "counter-range",
      `bounded counter ${this.name} ${says} ${amount}, beyond ±(2^53 − 1); spend of it`,
    );
  }

  #rights(): RightsTable {
    if (this.#table === undefined) this.#table = new RightsTable(this.#rows());
    return this.#table;
  }

  #rows(): RightsRow[] {
    const exported = new EntriesExport(this.settledEngine.entries(this.index, 0));
    const receivers = exported.keyImages().map(receiverOf);
    const rows: RightsRow[] = [];
    exported.forEachPayload((index, payloads, start) => {
      const cursor: ByteCursor = { bytes: payloads, offset: start };
      const plus = readVarint(cursor);
      const minus = readVarint(cursor);
      rows.push({ giver: exported.replica(index), receiver: receivers[index], plus, minus });
    });
    return rows;
  }
}

/** The replica id whose bytes a key is; none of an empty key. The engine has checked it. */
function receiverOf(image: string): ReplicaId | undefined {
  if (image === "") return undefined;
  return readReplicaId(
    Uint8Array.from(image, (character) => character.charCodeAt(0)),
    0,
  );
}
