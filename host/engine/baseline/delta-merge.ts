// Merges a decoded delta or snapshot into a document: "Merging" in docs/wire-format.md, step by step. The decoder has
// checked the bytes; what can still fail is told before the first change.
// Cost: proportional to what the bytes hold that is new; what is covered is skipped by its place in the column. A
// snapshot also visits the own entries of the replicas it lists.
import { CrdtError } from "../../errors.ts";
import { CONTAINERS_MAX, REPLICAS_MAX } from "../../limits.ts";
import { CONTAINER_TYPES, type ContainerTypeName, type MergeResult } from "../engine.ts";
import { binaryString } from "./binary-string.ts";
import { ChangeList } from "./change-list.ts";
import { readChunkHead } from "./chunk-head.ts";
import type { Container } from "./container.ts";
import type { DeltaDecoder } from "./delta-decoder.ts";
import { DocumentState } from "./document-state.ts";
import { beats, Entry } from "./entry.ts";
import { type ExtremeIndex, readNumber } from "./extreme-index.ts";
import type { KindIndex } from "./kind-index.ts";
import { comparePositions, isAtOrBelow, type LogIndex, readPosition } from "./log-index.ts";
import type { ReplicaColumn } from "./replica-column.ts";
import { isChunk, labelOf, type SeriesIndex } from "./series-index.ts";
import { takeJoined } from "./series-join.ts";
import type { WinnerIndex } from "./winner-index.ts";

const TYPE_NAMES = Object.fromEntries(
  Object.entries(CONTAINER_TYPES).map(([name, type]) => [type, name]),
) as Record<number, ContainerTypeName>;
const TICKS_PER_MS = 1024;
/** With fewer new entries than this, keys are decoded one by one. */
const BULK_ENTRIES_MIN = 8;

/** Stands for the document between merges, so that none is kept from collection. */
const NO_DOCUMENT = new DocumentState(0);

/**
 * One serves all merges of an engine: with an object a merge, none would be left at a collection, and the code compiled
 * for it would go with the last.
 */
export class DeltaMerge {
  readonly #delta: DeltaDecoder;
  #state: DocumentState = NO_DOCUMENT;
  #nowMs = 0;
  #changes: ChangeList | undefined;
  #columns: ReplicaColumn[] = [];
  #containers: Container[] = [];
  /** Logs whose truncation mark rose. */
  #truncated: LogIndex[] = [];
  /** Keys of marks that rose, by series. */
  readonly #retained = new Map<SeriesIndex, Set<string>>();
  #ahead = 0;
  #aheadMs = 0;
  #clock = 0;
  /** All key bytes as one string, and the payloads in one piece, when many entries are new. */
  #keys: string | undefined;
  #payloads: Uint8Array | undefined;

  constructor(delta: DeltaDecoder) {
    this.#delta = delta;
  }

  /** Merges what the decoder has read. Errors: gap, limit-exceeded; nothing has changed then. */
  run(state: DocumentState, nowMs: number, wantChanges: boolean): MergeResult {
    this.#state = state;
    this.#nowMs = nowMs;
    this.#changes = wantChanges ? new ChangeList() : undefined;
    this.#ahead = this.#aheadMs = this.#clock = 0;
    try {
      return this.#merge();
    } finally {
      this.#state = NO_DOCUMENT;
      this.#changes = undefined;
      this.#columns = [];
      this.#containers = [];
      this.#truncated = [];
      this.#retained.clear();
      this.#keys = undefined;
      this.#payloads = undefined;
    }
  }

  #merge(): MergeResult {
    const { isSnapshot } = this.#delta;
    this.#check();
    this.#resolveTables();
    if (isSnapshot) this.#dropMissing();
    this.#applyRemovals();
    this.#applyEntries();
    for (const log of this.#truncated) truncate(this.#state, log);
    for (const [series, keys] of this.#retained) for (const key of keys) takeBelow(this.#state, series, key);
    this.#state.raiseClock(this.#clock);
    const changed = this.#advance();
    if (isSnapshot) this.#raiseFloor();
    return { changed, ahead: this.#ahead, aheadMs: this.#aheadMs, changes: this.#changes?.encode() };
  }

  #check(): void {
    const { ids, bases, isSnapshot } = this.#delta;
    const { replicas } = this.#state;
    let newReplicas = 0;
    for (let index = 0; index < ids.length; index++) {
      const column = replicas.get(ids[index]!);
      if (column === undefined) newReplicas++;
      const own = column === undefined ? 0 : column.sequence;
      if (!isSnapshot && bases[index]! > own) {
        throw new CrdtError(
          "gap",
          `the delta continues replica ${ids[index]} after ${bases[index]}, this document has ${own}; ask for deltaSince the own version vector`,
        );
      }
    }
    if (replicas.size + newReplicas > REPLICAS_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `the merge would make ${replicas.size + newReplicas} replicas; at most ${REPLICAS_MAX} are allowed, start a new document`,
      );
    }
    const { containers } = this.#delta;
    const unknown = containers.filter(
      ({ type, name }) => this.#state.findContainer(type, name) === undefined,
    ).length;
    if (this.#state.containers.length + unknown > CONTAINERS_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `the merge would make ${this.#state.containers.length + unknown} containers; at most ${CONTAINERS_MAX} are allowed, use another document`,
      );
    }
  }

  #resolveTables(): void {
    const state = this.#state;
    for (const id of this.#delta.ids) this.#columns.push(state.column(id));
    for (const { type, name, nameBytes } of this.#delta.containers) {
      this.#containers.push(
        state.findContainer(type, name) ??
          state.addContainer(type, TYPE_NAMES[type]!, name, nameBytes.slice()),
      );
    }
  }

  /** Own entries the snapshot has seen and lacks. */
  #dropMissing(): void {
    const { tos, entryEnds, sequences } = this.#delta;
    let index = 0;
    this.#columns.forEach((column, replica) => {
      const to = tos[replica]!;
      const end = entryEnds[replica]!;
      for (const entry of column.entries) {
        if (entry.sequence > to) break;
        while (index < end && sequences[index]! < entry.sequence) index++;
        const isThere = index < end && sequences[index] === entry.sequence;
        if (entry.isLive && !isThere) this.#leave(entry);
      }
      index = end;
    });
  }

  #applyRemovals(): void {
    const delta = this.#delta;
    let index = 0;
    delta.removalEnds.forEach((end, replica) => {
      const column = this.#columns[replica]!;
      for (; index < end; index++) {
        if (delta.removalSequences[index]! > column.sequence) this.#applyRemoval(column, index);
      }
    });
  }

  #applyRemoval(column: ReplicaColumn, index: number): void {
    const delta = this.#delta;
    const container = this.#containers[delta.removalContainers[index]!]!;
    const targetReplicas: ReplicaColumn[] = [];
    const targetSequences: number[] = [];
    for (let target = delta.targetOffsets[index]!; target < delta.targetOffsets[index + 1]!; target++) {
      const replica = this.#columns[delta.targetReplicas[target]!]!;
      const sequence = delta.targetSequences[target]!;
      targetReplicas.push(replica);
      targetSequences.push(sequence);
      const entry = replica.find(sequence);
      if (entry !== undefined && entry.container === container && isElement(entry)) this.#leave(entry);
    }
    const sequence = delta.removalSequences[index]!;
    this.#state.keep(column, { sequence, container, targetReplicas, targetSequences });
  }

  #leave(entry: Entry): void {
    this.#state.leave(entry);
    this.#changes?.add(entry);
  }

  #applyEntries(): void {
    const { entryEnds, entryCount, sequences } = this.#delta;
    const begins: number[] = [];
    let fresh = 0;
    let previousEnd = 0;
    for (let replica = 0; replica < entryEnds.length; replica++) {
      const end = entryEnds[replica]!;
      const begin = firstAbove(sequences, previousEnd, end, this.#columns[replica]!.sequence);
      begins.push(begin);
      fresh += end - begin;
      previousEnd = end;
    }
    if (fresh === 0) return;
    if (fresh >= BULK_ENTRIES_MIN && fresh * 2 >= entryCount) this.#takeBulk();
    for (let replica = 0; replica < entryEnds.length; replica++) {
      const begin = begins[replica]!;
      this.#noteTimestamps(begin, entryEnds[replica]!);
      this.#applyReplica(this.#columns[replica]!, begin, entryEnds[replica]!);
    }
  }

  #takeBulk(): void {
    const { bytes, keyOffsets, payloadOffsets, entryCount } = this.#delta;
    this.#keys = binaryString(bytes, keyOffsets[0]!, keyOffsets[entryCount]!);
    this.#payloads = bytes.slice(payloadOffsets[0]!, payloadOffsets[entryCount]!);
  }

  #noteTimestamps(begin: number, end: number): void {
    const { timestamps } = this.#delta;
    const limitMs = this.#nowMs + this.#state.driftLimitMs;
    for (let index = begin; index < end; index++) {
      const timestamp = timestamps[index]!;
      const timestampMs = Math.floor(timestamp / TICKS_PER_MS);
      if (timestampMs > limitMs) {
        this.#ahead++;
        this.#aheadMs = Math.max(this.#aheadMs, timestampMs - this.#nowMs);
      } else if (timestamp > this.#clock) this.#clock = timestamp;
    }
  }

  #applyReplica(column: ReplicaColumn, begin: number, end: number): void {
    const { containerIndices } = this.#delta;
    for (let index = begin; index < end; index++) {
      const container = this.#containers[containerIndices[index]!]!;
      const { content } = container;
      switch (content.kind) {
        case "winners":
          this.#applyWrite(column, index, container, content);
          break;
        case "counter":
          this.#applySums(column, index, container, content.contributions.get(column));
          break;
        case "elements":
          this.#enter(column, index, container, this.#key(index));
          break;
        case "log":
          this.#applyLogEntry(column, index, container, content);
          break;
        case "slots":
          this.#applySums(column, index, container, content.find(column, this.#key(index)));
          break;
        case "extreme":
          this.#applyNumber(column, index, container, content);
          break;
        case "series":
          this.#applyToSeries(column, index, container, content);
          break;
        case "kinds":
          this.#applyOfKind(column, index, container, content);
          break;
      }
    }
  }

  #applyWrite(column: ReplicaColumn, index: number, container: Container, content: WinnerIndex): void {
    const { timestamps, sequences } = this.#delta;
    const key = this.#key(index);
    const old = content.winners.get(key);
    if (old !== undefined && !beats(timestamps[index]!, column, sequences[index]!, old)) return;
    this.#enter(column, index, container, key, old);
  }

  /** Sequences above what was seen ascend, so the entry is newer than the one before. */
  #applySums(column: ReplicaColumn, index: number, container: Container, old: Entry | undefined): void {
    this.#enter(column, index, container, this.#key(index), old);
  }

  #applyOfKind(column: ReplicaColumn, index: number, container: Container, content: KindIndex): void {
    const key = this.#key(index);
    const own = content.of(key);
    if (own.kind === "winners") this.#applyWrite(column, index, container, own);
    else this.#enter(column, index, container, key);
  }

  #applyNumber(column: ReplicaColumn, index: number, container: Container, content: ExtremeIndex): void {
    const { bytes, payloadOffsets, timestamps, sequences } = this.#delta;
    const value = readNumber(bytes, payloadOffsets[index]!);
    if (!content.takesOver(value, timestamps[index]!, column, sequences[index]!)) return;
    this.#enter(column, index, container, "", content.best);
  }

  #applyLogEntry(column: ReplicaColumn, index: number, container: Container, content: LogIndex): void {
    const { timestamps, sequences, keyOffsets } = this.#delta;
    const { mark } = content;
    if (keyOffsets[index + 1] === keyOffsets[index]) {
      if (mark !== undefined && isAtOrBelow(timestamps[index]!, column, sequences[index]!, mark)) return;
      this.#enter(column, index, container, "");
      return;
    }
    const key = this.#key(index);
    const old = content.markEntry;
    if (mark !== undefined && old !== undefined) {
      const order = comparePositions(readPosition(key), mark);
      if (order < 0 || (order === 0 && column.id < old.replica.id)) return;
    }
    this.#enter(column, index, container, key, old);
    if (!this.#truncated.includes(content)) this.#truncated.push(content);
  }

  #applyToSeries(column: ReplicaColumn, index: number, container: Container, content: SeriesIndex): void {
    const { bytes, payloadOffsets, timestamps, sequences } = this.#delta;
    const key = this.#key(index);
    const payload = payloadOffsets[index]!;
    if (isChunk(key)) {
      const { covers, lastTime } = readChunkHead(bytes, payload);
      const label = labelOf(key);
      if (covers > 0) takeJoined(this.#state, content, label, column, sequences[index]! - covers);
      if (lastTime >= content.markTime(label)) this.#enter(column, index, container, key);
      return;
    }
    const time = readNumber(bytes, payload);
    if (!content.takesOver(key, time, timestamps[index]!, column, sequences[index]!)) return;
    this.#enter(column, index, container, key, content.markAt(key));
    const keys = this.#retained.get(content);
    if (keys === undefined) this.#retained.set(content, new Set([key]));
    else keys.add(key);
  }

  #key(index: number): string {
    const { bytes, keyOffsets } = this.#delta;
    const begin = keyOffsets[index]!;
    const end = keyOffsets[index + 1]!;
    if (this.#keys === undefined) return binaryString(bytes, begin, end);
    return this.#keys.slice(begin - keyOffsets[0]!, end - keyOffsets[0]!);
  }

  #enter(column: ReplicaColumn, index: number, container: Container, key: string, old?: Entry): void {
    const { bytes, payloadOffsets, sequences, timestamps } = this.#delta;
    const { payloads } = this.#state;
    const begin = payloadOffsets[index]!;
    const length = payloadOffsets[index + 1]! - begin;
    let chunk = this.#payloads;
    let start = begin - payloadOffsets[0]!;
    if (chunk === undefined) {
      payloads.put(bytes, begin, length);
      chunk = payloads.chunk;
      start = payloads.start;
    }
    const entry = new Entry(
      column,
      sequences[index]!,
      timestamps[index]!,
      container,
      key,
      chunk,
      start,
      length,
    );
    if (old === undefined) this.#state.enter(entry);
    else this.#state.replace(old, entry);
    this.#changes?.add(entry);
  }

  #advance(): boolean {
    const { tos } = this.#delta;
    let changed = false;
    this.#columns.forEach((column, index) => {
      if (tos[index]! <= column.sequence) return;
      this.#state.advance(column, tos[index]!);
      changed = true;
    });
    return changed;
  }

  #raiseFloor(): void {
    const { bases, compacted } = this.#delta;
    this.#columns.forEach((column, index) => {
      this.#state.raiseFloor(column, bases[index]!);
      this.#state.dropRemovals(column, column.floor);
    });
    this.#state.raiseCompacted(compacted);
  }
}

/** Whether a removal record may take an entry along: in a graph, not an attribute. */
function isElement(entry: Entry): boolean {
  const { content } = entry.container;
  return content.kind !== "kinds" || content.of(entry.key).kind === "elements";
}

/** Removes what a risen truncation mark covers. */
export function truncate(state: DocumentState, log: LogIndex): void {
  const gone = log.truncated();
  for (const entry of gone) state.leave(entry);
  log.dropFirst(gone.length);
}

/** Removes what the mark under a key takes along. */
export function takeBelow(state: DocumentState, series: SeriesIndex, key: string): void {
  for (const entry of series.taken(key)) state.leave(entry);
}

function firstAbove(sequences: Uint32Array, begin: number, end: number, sequence: number): number {
  let low = begin;
  let high = end;
  if (low < high && sequences[low]! > sequence) return low;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sequences[middle]! > sequence) high = middle;
    else low = middle + 1;
  }
  return low;
}
