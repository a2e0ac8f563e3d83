// One random history: a few replicas mutate, exchange deltas and snapshots that get lost, doubled and reordered, keep
// ordered sessions that are cut, compact, and are joined late; at the end all have synced. Judged by the plain
// specification and by the digest: equal version vectors have equal digests, at any moment and on any path.
import {
  type ContainerTypeName,
  type Engine,
  type EngineDocument,
  LIST_KINDS,
  type ReplicaId,
} from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import {
  type ExportedEntry,
  hex,
  readEntries,
  readVector,
  replicaId,
  vectorBytes,
} from "../conformance/batch.ts";
import { answersOf, check, Mutator, observe, specify } from "./mutator.ts";
import type { Random } from "./random.ts";
import type { Step } from "./specification.ts";

const START_MS = 1_700_000_000_000;
const YEAR_MS = 31_557_600_000;
const DRIFT_LIMIT_MS = 60_000;

const LOG_TYPES: ReadonlySet<ContainerTypeName> = new Set(["log", "workflow", "vote"]);
/** Types whose size is the number of their keys. */
const KEYED_TYPES: ReadonlySet<ContainerTypeName> = new Set(["map", "set", "flag", "multi-map", "graph"]);

function sizeOf(type: ContainerTypeName, entries: readonly ExportedEntry[]): number {
  if (KEYED_TYPES.has(type)) return new Set(entries.map(({ key }) => key)).size;
  if (type !== "list") return entries.length;
  return entries.filter(({ key }) => key.charCodeAt(0) === LIST_KINDS.position).length;
}

export interface Containers {
  readonly [name: string]: ContainerTypeName;
}

interface Session {
  readonly to: Node;
  readonly queue: Uint8Array[];
}

interface Node {
  readonly document: EngineDocument;
  readonly mutator: Mutator;
  readonly sessions: Map<Node, Session>;
  /** Version vectors this replica had: a peer may ask for what came after an old one. */
  readonly past: Uint8Array[];
  /** What it knows the members to cover. */
  readonly known: Map<Node, Map<string, number>>;
  skewMs: number;
  flushed: number;
  /** Struck off the members: the others compact without it, until it comes back at the end. */
  isAway: boolean;
}

type ClockMode = "true" | "sloppy" | "wild";

/** How often the rarer things happened over all histories: a schedule that never compacts proves nothing. */
export const tally = {
  gaps: 0,
  snapshots: 0,
  compactions: 0,
  dropped: 0,
  rollbacks: 0,
  equalPairs: 0,
  streamed: 0,
  leavers: 0,
};

export class History {
  readonly #random: Random;
  readonly #engines: readonly Engine[];
  readonly #containers: Containers;
  readonly #nodes: Node[] = [];
  readonly #inFlight: { to: Node; bytes: Uint8Array; from: Node }[] = [];
  readonly #steps: Step[] = [];
  readonly #clockMode: ClockMode;
  #elapsedMs = 0;

  constructor(random: Random, engines: readonly Engine[], containers: Containers) {
    this.#random = random;
    this.#engines = engines;
    this.#containers = containers;
    this.#clockMode = random.chance(0.7) ? "true" : random.chance(0.6) ? "sloppy" : "wild";
  }

  run(): void {
    const random = this.#random;
    for (let count = 2 + random.below(3); count > 0; count--) this.#join();
    for (let step = 6 + random.below(30); step > 0; step--) this.#step();
    this.#checkDigests();
    if (this.#nodes.some(({ isAway }) => isAway)) this.#settle(this.#random.pick(this.#members()));
    for (const node of this.#nodes) node.isAway = false;
    this.#syncAll();
    this.#checkAll();
    for (const { document } of this.#nodes) document.close();
  }

  #join(): Node {
    const index = this.#nodes.length;
    // Ids whose order is not the order of joining, with high and low halves that disagree.
    const id = replicaId([0x7700000001n, 0x1_ffff_ffffn, 0x80000000_00000000n, 0xffn, 0x7700000000n][index]!);
    const document = this.#random.pick(this.#engines).createDocument({
      replica: id,
      hashSeed: [this.#random.below(2 ** 32), this.#random.below(2 ** 32)],
      driftLimitMs: DRIFT_LIMIT_MS,
    });
    const names = this.#random.shuffle(Object.keys(this.#containers));
    for (const name of names) document.container(this.#containers[name]!, name.split("#")[0]!);
    const node: Node = {
      document,
      mutator: new Mutator(document, this.#containers, this.#random),
      sessions: new Map(),
      past: [],
      known: new Map(),
      skewMs: 0,
      flushed: 0,
      isAway: false,
    };
    if (this.#clockMode === "sloppy") node.skewMs = this.#random.below(4000) - 2000;
    if (this.#clockMode === "wild")
      node.skewMs = this.#random.pick([0, YEAR_MS, -YEAR_MS, 3 * DRIFT_LIMIT_MS]);
    this.#nodes.push(node);
    return node;
  }

  #now(node: Node): number {
    return START_MS + this.#elapsedMs + node.skewMs;
  }

  #step(): void {
    const random = this.#random;
    const node = random.pick(this.#members());
    const other = random.pick(this.#members());
    if (random.chance(0.3)) this.#elapsedMs += random.below(3);
    if (random.chance(0.02)) this.#elapsedMs += random.pick([1000, DRIFT_LIMIT_MS * 2]);
    if (this.#clockMode === "wild" && random.chance(0.1)) node.skewMs -= random.below(2 * YEAR_MS) - YEAR_MS;
    const dice = random.below(100);
    if (dice < 46) this.#mutate(node);
    else if (dice < 62) this.#exchange(node, other);
    else if (dice < 74) this.#deliver();
    else if (dice < 80) this.#openSession(node, other);
    else if (dice < 91) this.#pump(node);
    else if (dice < 93) this.#cut(node);
    else if (dice < 95) this.#compact(node);
    else if (dice < 96) this.#settle(node);
    else if (dice < 97) this.#leave(node, other);
    else if (dice < 98) this.#rollBack(node);
    else if (dice < 99 && this.#nodes.length < 5) this.#joinLate(node);
    else this.#checkDigests();
  }

  #mutate(node: Node): void {
    this.#steps.push(...node.mutator.mutate(this.#now(node)));
    if (this.#random.chance(0.7)) this.#flush(node);
  }

  /** Sends the local mutations since the last time down the open sessions. */
  #flush(node: Node): void {
    const sequence = node.document.sequence();
    if (sequence === node.flushed) return;
    const bytes = node.document.localDelta(node.flushed);
    node.flushed = sequence;
    for (const { queue } of node.sessions.values()) queue.push(bytes);
  }

  #merge(node: Node, bytes: Uint8Array, from: Node | undefined): boolean {
    const before = node.document.versionVector();
    try {
      const { changed } = node.document.merge(bytes, this.#now(node), this.#random.chance(0.2));
      check(
        changed === (hex(node.document.versionVector()) !== hex(before)),
        "a merge says whether it changed",
      );
      if (!changed) return true;
    } catch (error) {
      if (!isCrdtError(error, "gap")) throw error;
      tally.gaps++;
      return false;
    }
    if (this.#random.chance(0.3)) node.past.push(before);
    for (const [peer, { queue }] of node.sessions) if (peer !== from) queue.push(bytes);
    return true;
  }

  #deltaFor(node: Node, peer: Node): Uint8Array {
    this.#flush(node);
    this.#hear(node, peer);
    const random = this.#random;
    if (random.chance(0.08)) return node.document.snapshot();
    const past = random.chance(0.2) ? peer.past : random.chance(0.2) ? node.past : [];
    const since = past.length > 0 ? random.pick(past) : peer.document.versionVector();
    const bytes = node.document.deltaSince(since);
    if (bytes[3] === 1) tally.snapshots++;
    return bytes;
  }

  #exchange(node: Node, other: Node): void {
    if (node === other) return;
    const bytes = this.#deltaFor(node, other);
    if (this.#random.chance(0.4)) {
      this.#inFlight.push({ to: other, bytes, from: node });
      return;
    }
    this.#merge(other, bytes, node);
    if (this.#random.chance(0.2)) this.#merge(other, bytes, node);
  }

  /** Delivers something that is under way, in any order; it may get lost or come again. */
  #deliver(): void {
    if (this.#inFlight.length === 0) return;
    const [message] = this.#inFlight.splice(this.#random.below(this.#inFlight.length), 1);
    if (this.#random.chance(0.25)) return;
    if (!message!.to.isAway) this.#merge(message!.to, message!.bytes, message!.from);
    if (this.#random.chance(0.3)) this.#inFlight.push(message!);
  }

  /** An ordered channel in both directions that begins with what either side lacks. */
  #openSession(node: Node, other: Node): void {
    if (node === other || node.sessions.has(other)) return;
    this.#flush(node);
    this.#flush(other);
    const forth = node.document.deltaSince(other.document.versionVector());
    const back = other.document.deltaSince(node.document.versionVector());
    node.sessions.set(other, { to: other, queue: [forth] });
    other.sessions.set(node, { to: node, queue: [back] });
  }

  #pump(node: Node): void {
    for (const { to, queue } of [...node.sessions.values()]) {
      for (let count = this.#random.below(4); count > 0 && queue.length > 0; count--) {
        check(this.#merge(to, queue.shift()!, node), "an ordered session leaves no gap");
        tally.streamed++;
      }
    }
  }

  #cut(node: Node): void {
    for (const peer of node.sessions.keys()) peer.sessions.delete(node);
    node.sessions.clear();
  }

  #hear(node: Node, peer: Node): void {
    const known = node.known.get(peer) ?? new Map<string, number>();
    for (const [id, sequence] of readVector(peer.document.versionVector())) {
      known.set(id, Math.max(sequence, known.get(id) ?? 0));
    }
    node.known.set(peer, known);
  }

  /** Drops what all members are known to have, if this replica covers what they are known to have. */
  #compact(node: Node): void {
    if (this.#random.chance(0.5)) for (const peer of this.#members()) this.#hear(node, peer);
    const others = this.#members().filter((peer) => peer !== node);
    const own = new Map(readVector(node.document.versionVector()));
    const vectors = others.map((peer) => node.known.get(peer) ?? new Map<string, number>());
    const covers = vectors.every((vector) =>
      [...vector].every(([id, sequence]) => (own.get(id) ?? 0) >= sequence),
    );
    if (!covers) return;
    const stable = [...own]
      .map(
        ([id, sequence]) =>
          [id, Math.min(sequence, ...vectors.map((vector) => vector.get(id) ?? 0))] as const,
      )
      .filter(([, sequence]) => sequence > 0)
      .map(([id, sequence]) => [BigInt(`0x${id}`), sequence] as const);
    this.#flush(node);
    const before = this.#shown(node);
    const result = node.document.compact(vectorBytes(stable), this.#now(node));
    check(this.#shown(node) === before, "compaction shows nothing");
    tally.compactions++;
    tally.dropped += result.deletedMarksDropped + result.removalsDropped;
  }

  /** Everybody gets everything, and `node` compacts. */
  #settle(node: Node): void {
    this.#syncAll();
    for (const peer of this.#members()) this.#hear(node, peer);
    this.#compact(node);
  }

  /** `node` hands over what it did and is struck off the members. */
  #leave(node: Node, other: Node): void {
    if (node === other || this.#members().length < 3) return;
    this.#flush(node);
    this.#cut(node);
    this.#merge(other, node.document.deltaSince(other.document.versionVector()), node);
    node.isAway = true;
    tally.leavers++;
  }

  #members(): Node[] {
    return this.#nodes.filter(({ isAway }) => !isAway);
  }

  #shown(node: Node): string {
    return node.document.digest() + JSON.stringify(observe(node.document, this.#containers));
  }

  #image(node: Node): string {
    return `${hex(node.document.snapshot())} ${node.document.clock()} ${this.#shown(node)}`;
  }

  #rollBack(node: Node): void {
    const before = this.#image(node);
    node.document.begin();
    node.mutator.mutateOpenly(this.#now(node) + 5);
    node.document.rollback();
    check(this.#image(node) === before, "a rollback leaves nothing");
    node.document.checkInvariants();
    tally.rollbacks++;
  }

  /** A newcomer gets the state of `node` and is a member from then on. */
  #joinLate(node: Node): void {
    this.#flush(node);
    const newcomer = this.#join();
    const bytes = node.document.deltaSince(newcomer.document.versionVector());
    if (bytes[3] === 1) tally.snapshots++;
    this.#merge(newcomer, bytes, node);
    check(newcomer.document.digest() === node.document.digest(), "a newcomer has what it was given");
  }

  #syncAll(): void {
    for (let round = 0; round < 2; round++) {
      for (const from of this.#members()) {
        for (const to of this.#members()) {
          if (from === to) continue;
          this.#flush(from);
          const bytes = from.document.deltaSince(to.document.versionVector());
          if (bytes[3] === 1) tally.snapshots++;
          if (!this.#merge(to, bytes, from))
            throw new Error("a delta for the receiver's own vector left a gap");
        }
      }
      if (this.#random.chance(0.3)) this.#compact(this.#random.pick(this.#members()));
    }
  }

  #checkDigests(): void {
    const digests = new Map<string, string>();
    for (const { document } of this.#nodes) {
      const vector = hex(document.versionVector());
      const digest = document.digest();
      const other = digests.get(vector);
      if (other !== undefined) tally.equalPairs++;
      check(other === undefined || digest === other, "equal version vectors have equal digests");
      digests.set(vector, digest);
    }
  }

  #checkAll(): void {
    this.#checkDigests();
    const vectors = new Set(this.#nodes.map(({ document }) => hex(document.versionVector())));
    check(vectors.size === 1, "all have synced");
    const expected = JSON.stringify(specify(this.#steps, this.#containers));
    for (const node of this.#nodes) {
      const shown = JSON.stringify(observe(node.document, this.#containers));
      check(shown === expected, `${shown} is what the specification says: ${expected}`);
      node.document.checkInvariants();
      this.#checkSizes(node.document);
    }
    const answers = new Set(this.#nodes.map(({ document }) => answersOf(document, this.#containers)));
    check(answers.size === 1, "replicas that have the same answer the same, to the last bit");
  }

  #checkSizes(document: EngineDocument): void {
    for (const { index, size, type } of document.containers()) {
      const entries = readEntries(document.entries(index, 0));
      const isCounted = type !== "series";
      check(!isCounted || size === sizeOf(type, entries), `a ${type} has the size it shows`);
      if (this.#random.chance(0.2)) this.#checkLookups(document, index, type, entries);
    }
  }

  /** Single entries and single keys are what the whole export says of them. */
  #checkLookups(
    document: EngineDocument,
    index: number,
    type: ContainerTypeName,
    entries: readonly ExportedEntry[],
  ): void {
    for (const entry of entries) {
      const found = readEntries(document.entryAt(index, entry.replica as ReplicaId, entry.sequence));
      check(JSON.stringify(found) === JSON.stringify([entry]), "a dot names its entry");
    }
    if (LOG_TYPES.has(type)) return;
    for (const text of new Set(entries.map(({ key }) => key))) {
      const key = Uint8Array.from(text, (character) => character.charCodeAt(0));
      const under = entries.filter((entry) => entry.key === text);
      const found = readEntries(document.entriesOf(index, key));
      check(JSON.stringify(found) === JSON.stringify(under), "a key has its entries");
      if (type === "counter" || type === "bounded") continue;
      const isMark =
        type === "list" && text.charCodeAt(0) !== LIST_KINDS.position && under[0]!.payload === "";
      check(document.has(index, key) === !isMark, "a key with entries is there");
    }
  }
}
