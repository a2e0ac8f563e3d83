// Version vectors as they cross the engine seam.
//
//   vector     | count u32, then per replica: id u64, sequence u32      ascending by id, unaligned
import { REPLICAS_MAX } from "../../host/limits";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import { Document } from "../state/document";
import {
  STATUS_INVALID_ARGUMENT,
  STATUS_LIMIT_EXCEEDED,
  STATUS_OK,
  SUBJECT_REPLICAS,
  SUBJECT_VECTOR,
} from "../status";
import { Replicas } from "./replica-table";

const COUNT_BYTES: u32 = 4;
const ROW_BYTES: u32 = 12;
const SEQUENCE_OFFSET: usize = 8;
const SEQUENCE_MAX: u32 = 0xfffffffe;

export abstract class VectorReader {
  private static pointer: u32 = 0;
  private static count: u32 = 0;
  /** u32 by rank: what the vector says of each replica of the document. */
  private static alignedPointer: u32 = 0;
  /** Whether a replica unknown here, or a sequence above ours, was named. */
  static isAheadOfUs: bool = false;
  static aheadSequence: u32 = 0;

  /** Checks the vector and aligns it with the replicas of the document. */
  static read(pointer: u32, byteLength: u32): u32 {
    if (byteLength < COUNT_BYTES) return VectorReader.invalid(byteLength);
    const count = load<u32>(pointer);
    if (count > <u32>REPLICAS_MAX)
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_REPLICAS, count, REPLICAS_MAX);
    if (byteLength != COUNT_BYTES + count * ROW_BYTES) return VectorReader.invalid(byteLength);
    VectorReader.pointer = pointer + COUNT_BYTES;
    VectorReader.count = count;
    let previous: u64 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const sequence = VectorReader.sequenceAt(i);
      if (VectorReader.idAt(i) <= previous || sequence == 0 || sequence > SEQUENCE_MAX)
        return VectorReader.invalid(i);
      previous = VectorReader.idAt(i);
    }
    VectorReader.align();
    return STATUS_OK;
  }

  /** What the vector says of the replica of this rank; 0 where it says nothing. */
  @inline static aligned(rank: u32): u32 {
    return load<u32>(VectorReader.alignedPointer + (rank << 2));
  }

  @inline private static idAt(index: u32): u64 {
    return load<u64>(VectorReader.pointer + index * ROW_BYTES);
  }

  @inline private static sequenceAt(index: u32): u32 {
    return load<u32>(VectorReader.pointer + index * ROW_BYTES, SEQUENCE_OFFSET);
  }

  private static align(): void {
    const order = Replicas.order();
    const replicas = Document.current.replicaCount;
    VectorReader.alignedPointer = Scratch.allocateZeroed(replicas << 2);
    VectorReader.isAheadOfUs = false;
    let rank: u32 = 0;
    for (let i: u32 = 0; i < VectorReader.count; i++) {
      const id = VectorReader.idAt(i);
      const sequence = VectorReader.sequenceAt(i);
      while (rank < replicas && Replicas.row(Replicas.at(order, rank)).id < id) rank++;
      const isKnown = rank < replicas && Replicas.row(Replicas.at(order, rank)).id == id;
      const own = isKnown ? Replicas.row(Replicas.at(order, rank)).sequence : 0;
      if (isKnown) store<u32>(VectorReader.alignedPointer + (rank << 2), sequence);
      if (sequence > own) {
        VectorReader.isAheadOfUs = true;
        VectorReader.aheadSequence = sequence;
      }
    }
  }

  private static invalid(value: u32): u32 {
    return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_VECTOR, value);
  }
}

export abstract class VectorWriter {
  static pointer: u32 = 0;
  static length: u32 = 0;

  /** Writes the version vector, or the floor. */
  static write(isFloor: bool): void {
    const order = Replicas.order();
    const replicas = Document.current.replicaCount;
    const pointer = Scratch.allocate(COUNT_BYTES + replicas * ROW_BYTES);
    let end = pointer + COUNT_BYTES;
    let count: u32 = 0;
    for (let rank: u32 = 0; rank < replicas; rank++) {
      const row = Replicas.row(Replicas.at(order, rank));
      const sequence = isFloor ? row.floor : row.sequence;
      if (sequence == 0) continue;
      store<u64>(end, row.id);
      store<u32>(end, sequence, SEQUENCE_OFFSET);
      end += ROW_BYTES;
      count++;
    }
    store<u32>(pointer, count);
    VectorWriter.pointer = pointer;
    VectorWriter.length = end - pointer;
  }
}
