// A pool that several replicas draw from without asking, and that is never drawn below 0: rights of a bounded counter
// (O'Neil's escrow, rights-table.ts), of which each replica sets parts aside (hold), spends them (commit) or lets them
// go (release). A hold is a note over its writer's own rights, not a write to the counter, so letting go twice, or by
// two replicas, creates nothing. Who wants more than it holds says so; who has more than it needs gives (`settle`).
// What a lost replica held stays lost until it is struck off (strike-off.ts). Cost: a pass over the notes a call.
import { CrdtError } from "../../errors.ts";
import { POOL_HOLDS_MAX } from "../../limits.ts";
import type { BoundedCounterHandle } from "../../replica/bounded/bounded-counter-handle.ts";
import type { Transfer } from "../../replica/bounded/rights-table.ts";
import type { Document } from "../../replica/document.ts";
import type { MapHandle } from "../../replica/map-handle.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import type { VersionVector } from "../../wire/version-vector.ts";
import {
  isAmount,
  noteKey,
  type PoolNote,
  type PoolNoteKind,
  type ReadNote,
  readNote,
} from "./pool-notes.ts";
import type { StrikeOffs } from "./strike-off.ts";

export interface PoolPlace {
  readonly rights: BoundedCounterHandle;
  readonly notes: MapHandle<Record<string, PoolNote>>;
  readonly strikeOffs: StrikeOffs;
  readonly replica: { readonly id: ReplicaId };
  /** The document's, so that a note and what it says reach others together. */
  readonly transact: <R>(mutate: () => R) => R;
  readonly versionVector: () => VersionVector;
  /** The members of the group that live: only they give, and only to them is given. */
  readonly members: () => Iterable<ReplicaId>;
  readonly now: () => number;
}

export interface Hold {
  readonly id: string;
  readonly replica: ReplicaId;
  readonly amount: number;
  readonly sinceMs: number;
}

/** Rights of an id that is no member. */
export interface StrandedRights {
  readonly replica: ReplicaId;
  readonly rights: number;
  /** What of it was set aside when last heard of. */
  readonly held: number;
  /** Whether the id was struck off, so that the heir may reclaim them. */
  readonly isStruckOff: boolean;
  readonly heir?: ReplicaId;
}

export class ResourcePool {
  readonly #place: PoolPlace;

  constructor(place: PoolPlace) {
    this.#place = place;
  }

  /** What is left of all that was put in, wherever it is; stranded rights are in it until they are reclaimed. */
  get value(): number {
    let twice = 0;
    for (const { note } of this.#notes("reclaimed")) twice += note.amount;
    return this.#place.rights.value - twice;
  }

  /** What this replica may hold now without asking. */
  get available(): number {
    const { rights, replica } = this.#place;
    if (this.#isStruckOff()) return 0;
    return Math.max(0, rights.rights - this.heldBy(replica.id));
  }

  /** Notes that do not fit. */
  get malformed(): number {
    let count = 0;
    for (const [key, value] of this.#place.notes) if (readNote(key, value) === undefined) count++;
    return count;
  }

  holds(): Hold[] {
    const holds = this.#notes("hold").map(({ writer, subject, note }) => {
      return { id: subject, replica: writer, amount: note.amount, sinceMs: note.sinceMs };
    });
    return holds.sort((left, right) => (holdOrder(left) < holdOrder(right) ? -1 : 1));
  }

  heldBy(replica: ReplicaId): number {
    let held = 0;
    for (const { writer, note } of this.#notes("hold")) if (writer === replica) held += note.amount;
    return held;
  }

  /**
   * Brings what this replica has put in for `source` to `amount`; putting it in again changes nothing. Less than
   * before is taken out of what is available here. Errors: insufficient-rights, invalid-argument.
   */
  provide(source: string, amount: number): void {
    const { rights, notes, replica } = this.#place;
    this.#checkStanding("provide");
    this.#checkAmount(amount, "provide");
    const key = noteKey(replica.id, "source", source);
    const before = readNote(key, notes.get(key))?.note;
    const change = amount - (before?.kind === "source" ? before.amount : 0);
    if (change === 0) return;
    if (change < 0) this.#demand(-change, "provide");
    this.#place.transact(() => {
      if (change > 0) rights.topUp(change);
      else rights.spend(-change);
      notes.set(key, { kind: "source", amount });
    });
  }

  /** Sets `amount` aside under `id`. Errors: insufficient-rights, invalid-argument for an id in use, limit-exceeded. */
  hold(id: string, amount: number): void {
    this.#checkStanding("hold");
    this.#checkAmount(amount, "hold");
    this.#checkNew(id);
    this.#demand(amount, "hold");
    const { notes, replica, now } = this.#place;
    notes.set(noteKey(replica.id, "hold", id), {
      kind: "hold",
      amount,
      sinceMs: Math.max(0, Math.floor(now())),
    });
  }

  /** Holds, or asks the others for what is missing; says whether it holds. Errors: as `hold` but for missing rights. */
  holdOrAsk(id: string, amount: number): boolean {
    this.#checkAmount(amount, "holdOrAsk");
    if (this.available < amount) {
      this.#checkStanding("holdOrAsk");
      this.ask(amount);
      return false;
    }
    this.hold(id, amount);
    if (this.#wantOf(this.#place.replica.id) > 0) this.ask(0);
    return true;
  }

  /** Tells the others to bring what is available here to `amount`; 0 withdraws that. Errors: invalid-argument. */
  ask(amount: number): void {
    this.#checkAmount(amount, "ask");
    const { notes, replica } = this.#place;
    const key = noteKey(replica.id, "want", "");
    const level = amount === 0 ? 0 : this.heldBy(replica.id) + amount;
    if (level === this.#wantOf(replica.id)) return;
    if (level === 0) notes.delete(key);
    else notes.set(key, { kind: "want", level });
  }

  /** Spends `amount` of a hold, all of it if none is given; the rest is available again. Errors: invalid-argument. */
  commit(id: string, amount?: number): void {
    this.#checkStanding("commit");
    const held = this.#ownHold(id, "commit");
    const spent = amount ?? held;
    this.#checkAmount(spent, "commit");
    if (spent > held) {
      throw new CrdtError("invalid-argument", `commit of ${spent} of hold "${id}": it holds ${held}`);
    }
    const { rights, notes, replica, transact } = this.#place;
    transact(() => {
      rights.spend(spent);
      notes.delete(noteKey(replica.id, "hold", id));
    });
  }

  /** Lets a hold of this replica go; says whether there was one. Holds of others are theirs to let go. */
  release(id: string): boolean {
    const { notes, replica } = this.#place;
    return notes.delete(noteKey(replica.id, "hold", id));
  }

  /** Gives all that is available here to another member, before leaving. Errors: invalid-argument. */
  handOver(to: ReplicaId): number {
    this.#checkStanding("handOver");
    const amount = this.available;
    if (amount > 0) this.#place.rights.transfer(to, amount);
    return amount;
  }

  /**
   * Gives to members that want more than they have, if of all members this replica has the most to spare (of equals
   * the smallest id); says what it gave. To be called when the document changed; giving twice harms nobody.
   */
  settle(): Transfer[] {
    if (this.#isStruckOff()) return [];
    const { replica, rights } = this.#place;
    const members = [...new Set([...this.#place.members(), replica.id])].sort();
    let spare = this.#spareOf(replica.id);
    const isRicher = (member: ReplicaId): boolean => {
      const other = this.#spareOf(member);
      return other > spare || (other === spare && member < replica.id);
    };
    if (spare <= 0 || members.some((member) => member !== replica.id && isRicher(member))) return [];
    const given: Transfer[] = [];
    for (const to of members) {
      const lack = this.#wantOf(to) - rights.rightsOf(to);
      if (to === replica.id || lack <= 0 || spare <= 0) continue;
      const amount = Math.min(lack, spare);
      rights.transfer(to, amount);
      given.push({ to, amount });
      spare -= amount;
    }
    return given;
  }

  /** Settles whenever `document` hears from others; returns how to stop. */
  settleAlways(document: Pick<Document, "subscribe">): () => void {
    return document.subscribe(({ origin }) => {
      if (origin !== "local") this.settle();
    });
  }

  /** Rights of ids that are no members and were not reclaimed, ascending by id. */
  stranded(): StrandedRights[] {
    const { rights, members, replica, strikeOffs } = this.#place;
    const living = new Set([...members(), replica.id]);
    const found: StrandedRights[] = [];
    for (const holder of rights.holders()) {
      if (living.has(holder)) continue;
      const left = rights.rightsOf(holder) - this.#reclaimedFrom(holder);
      const strike = strikeOffs.of(holder);
      if (left <= 0) continue;
      const heir = strike === undefined ? {} : { heir: strike.heir };
      found.push({
        replica: holder,
        rights: left,
        held: this.heldBy(holder),
        isStruckOff: strike !== undefined,
        ...heir,
      });
    }
    return found;
  }

  /**
   * Creates anew what a struck-off id held, if this replica is its heir and knows it up to the sequence that was
   * decided; says how much. Once an id: rights that others gave it and that come to be known later stay stranded.
   */
  reclaim(struck: ReplicaId): number {
    this.#checkStanding("reclaim");
    const { rights, notes, replica, strikeOffs, versionVector, transact } = this.#place;
    const strike = strikeOffs.of(struck);
    if (strike === undefined || strike.heir !== replica.id) {
      throw new CrdtError(
        "invalid-argument",
        `reclaim from ${struck}: ${strike === undefined ? "it is not struck off" : `its heir is ${strike.heir}`}`,
      );
    }
    const key = noteKey(replica.id, "reclaimed", struck);
    if (notes.has(key) || versionVector().get(struck) < strike.lastSequence) return 0;
    const amount = Math.max(0, rights.rightsOf(struck));
    transact(() => {
      if (amount > 0) rights.topUp(amount);
      notes.set(key, { kind: "reclaimed", amount });
    });
    return amount;
  }

  /** What struck-off ids turned out to have used after their rights had been reclaimed: 0 while nobody lied or erred. */
  overdrawn(): number {
    const { rights } = this.#place;
    let overdrawn = 0;
    for (const { subject, note } of this.#notes("reclaimed")) {
      overdrawn += Math.max(0, note.amount - Math.max(0, rights.rightsOf(subject as ReplicaId)));
    }
    return overdrawn;
  }

  /** What `replica` could give: its rights without what it holds or wants itself. */
  #spareOf(replica: ReplicaId): number {
    return this.#place.rights.rightsOf(replica) - Math.max(this.heldBy(replica), this.#wantOf(replica));
  }

  #wantOf(replica: ReplicaId): number {
    const key = noteKey(replica, "want", "");
    const read = readNote(key, this.#place.notes.get(key))?.note;
    return read?.kind === "want" ? read.level : 0;
  }

  #reclaimedFrom(struck: ReplicaId): number {
    let sum = 0;
    for (const { subject, note } of this.#notes("reclaimed")) if (subject === struck) sum += note.amount;
    return sum;
  }

  #notes<Kind extends PoolNoteKind>(kind: Kind): ReadNote<Extract<PoolNote, { kind: Kind }>>[] {
    const found: ReadNote<Extract<PoolNote, { kind: Kind }>>[] = [];
    for (const [key, value] of this.#place.notes) {
      const read = readNote(key, value);
      if (read?.note.kind === kind) found.push(read as ReadNote<Extract<PoolNote, { kind: Kind }>>);
    }
    return found;
  }

  #ownHold(id: string, verb: string): number {
    const { notes, replica } = this.#place;
    const key = noteKey(replica.id, "hold", id);
    const read = readNote(key, notes.get(key))?.note;
    if (read?.kind === "hold") return read.amount;
    throw new CrdtError("invalid-argument", `${verb} of hold "${id}": this replica has no such hold`);
  }

  #checkNew(id: string): void {
    const { notes, replica } = this.#place;
    if (notes.has(noteKey(replica.id, "hold", id))) {
      throw new CrdtError("invalid-argument", `hold "${id}": there is one of that id; commit or release it`);
    }
    const own = this.#notes("hold").filter(({ writer }) => writer === replica.id).length;
    if (own < POOL_HOLDS_MAX) return;
    throw new CrdtError(
      "limit-exceeded",
      `hold "${id}": this replica has ${own} holds and may have ${POOL_HOLDS_MAX}; let some go`,
    );
  }

  #demand(amount: number, verb: string): void {
    const { available } = this;
    if (amount <= available) return;
    throw new CrdtError(
      "insufficient-rights",
      `${verb} of ${amount}: ${available} are available here of ${this.value} in all; ask for less, or ask the others`,
    );
  }

  #isStruckOff(): boolean {
    return this.#place.strikeOffs.of(this.#place.replica.id) !== undefined;
  }

  /** An id that was struck off must not draw on what its heir now has. */
  #checkStanding(verb: string): void {
    if (!this.#isStruckOff()) return;
    throw new CrdtError(
      "insufficient-rights",
      `${verb}: replica ${this.#place.replica.id} was struck off; go on under a new id`,
    );
  }

  #checkAmount(amount: number, verb: string): void {
    if (isAmount(amount)) return;
    throw new CrdtError(
      "invalid-argument",
      `${verb} of ${String(amount)}: give an integer from 0 to 2^53 − 1`,
    );
  }
}

const holdOrder = ({ replica, id }: Hold): string => `${replica}/${id}`;
