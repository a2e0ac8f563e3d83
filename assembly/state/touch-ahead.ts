// Reads what applying the next entries or removal targets of a merge will read, so that sixteen cache misses wait
// together: first what a search begins at, then records, then blocks. Each level is a short loop of loads that do not
// wait for each other. Changes nothing but its own room; what it finds may be wrong, for others look again. No address
// is followed before it is known to be one: a counter's record has sums where others have their block.
import { Dots } from "../causality/dot-column";
import { Replicas } from "../causality/replica-table";
import { Delta } from "../codec/delta";
import { Containers } from "./containers";
import { Entries } from "./entries";
import { Keys } from "./key-index";
import { Members } from "./members";
import { EntryRow } from "./records";
import { RULE_CELL, RULE_LOG, RULE_OWN, TYPE_COUNTER } from "./rules";

/** Touching pays from a few on. */
const TOUCHED_MIN: u32 = 4;
const LINE_BYTES: u32 = 64;
const hashesPointer: u32 = <u32>memory.data(16 * 4, 16);
const addressesPointer: u32 = <u32>memory.data(16 * 4, 16);
/** What is read where nothing is to be read: zeros, as long as a record and as two lines. */
const nothingPointer: u32 = <u32>memory.data(128, 16);

export abstract class TouchAhead {
  /** Entries and targets a round; the rooms above are that long. */
  static readonly ROUND: u32 = 16;
  /** Keeps the loads from being optimised away. */
  static touched: u32 = 0;

  /** Hashes the keys of entries [start, end), all of one replica, and touches what applying them will read. */
  static entries(replica: u32, start: u32, end: u32): void {
    const count = end - start;
    for (let i: u32 = 0; i < count; i++) TouchAhead.put(i, TouchAhead.searchStart(replica, start + i, i));
    if (count < TOUCHED_MIN) return;
    TouchAhead.read(count);
    for (let i: u32 = 0; i < count; i++) TouchAhead.put(i, TouchAhead.recordMet(start + i, i));
    TouchAhead.readBlocks(count);
  }

  /** The hash of the key of entry `inRound` of the last round. */
  @inline static hashAt(inRound: u32): u32 {
    return load<u32>(hashesPointer + (inRound << 2));
  }

  /** Touches what dropping the removal targets [start, end) will read. */
  static targets(start: u32, end: u32): void {
    const count = end - start;
    if (count < TOUCHED_MIN) return;
    for (let i: u32 = 0; i < count; i++) {
      const row = Replicas.row(Delta.replica(Delta.at(Delta.targetReplicas, start + i)).replica);
      TouchAhead.put(i, Dots.probablePair(row, Delta.at(Delta.targetSequences, start + i), nothingPointer));
    }
    TouchAhead.read(count);
    for (let i: u32 = 0; i < count; i++) {
      const record = Dots.recordOf(
        TouchAhead.at(i),
        Delta.at(Delta.targetSequences, start + i),
        nothingPointer,
      );
      TouchAhead.put(i, record);
    }
    TouchAhead.read(count);
    let touched: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const row = changetype<EntryRow>(TouchAhead.at(i));
      touched += load<u32>(Keys.firstSlot(row.hash, nothingPointer));
      if (changetype<u32>(row) != nothingPointer && TouchAhead.isCounters(row))
        TouchAhead.put(i, nothingPointer);
    }
    TouchAhead.readBlocks(count);
    TouchAhead.touched += touched;
  }

  @inline private static isCounters(row: EntryRow): bool {
    return Containers.row(Entries.containerOf(row)).type == TYPE_COUNTER;
  }

  @inline private static at(inRound: u32): u32 {
    return load<u32>(addressesPointer + (inRound << 2));
  }

  @inline private static put(inRound: u32, address: u32): void {
    store<u32>(addressesPointer + (inRound << 2), address);
  }

  private static read(count: u32): void {
    let touched: u32 = 0;
    for (let i: u32 = 0; i < count; i++) touched += load<u32>(TouchAhead.at(i));
    TouchAhead.touched = touched;
  }

  /** Reads the records whose addresses stand in the round, then two lines of the block of each. */
  private static readBlocks(count: u32): void {
    for (let i: u32 = 0; i < count; i++) TouchAhead.put(i, changetype<EntryRow>(TouchAhead.at(i)).block);
    let touched: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const block = TouchAhead.at(i);
      touched += load<u32>(block) + load<u32>(block, LINE_BYTES);
    }
    TouchAhead.touched = touched;
  }

  /** Hashes the key of an entry; gives where its search begins: a key slot, the cell of a counter, or nothing. */
  @inline private static searchStart(replica: u32, index: u32, inRound: u32): u32 {
    const row = Delta.container(Delta.at(Delta.containerIndices, index));
    const rule = row.rule;
    if (rule == RULE_LOG) return nothingPointer;
    if (rule == RULE_CELL) return Members.cellAddress(Containers.row(row.container), replica, nothingPointer);
    const keyPointer = Delta.at(Delta.keys, index);
    const keyLength = Delta.at(Delta.keys, index + 1) - keyPointer;
    const hash =
      rule == RULE_OWN
        ? Keys.hashOwn(row.container, replica, keyPointer, keyLength)
        : Keys.hash(row.container, keyPointer, keyLength);
    store<u32>(hashesPointer + (inRound << 2), hash);
    return Keys.firstSlot(hash, nothingPointer);
  }

  /** The record of the keyed entry that an entry will probably meet, or nothing; that of a counter is read at once. */
  @inline private static recordMet(index: u32, inRound: u32): u32 {
    const address = TouchAhead.at(inRound);
    if (address == nothingPointer) return nothingPointer;
    if (Delta.container(Delta.at(Delta.containerIndices, index)).type != TYPE_COUNTER) {
      const link = Keys.linkFrom(address, TouchAhead.hashAt(inRound));
      return link == 0 ? nothingPointer : changetype<u32>(Entries.row(link - 1));
    }
    const cell = load<u32>(address);
    if (cell != 0) TouchAhead.touched = Entries.row(cell - 1).sequence;
    return nothingPointer;
  }
}
