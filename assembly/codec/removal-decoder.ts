// The removals part of a delta or snapshot.
import { DELTA_TARGETS_MAX } from "../../host/limits";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import { Rules } from "../state/rules";
import {
  STATUS_LIMIT_EXCEEDED,
  STATUS_OK,
  SUBJECT_CONTAINER_TYPE,
  SUBJECT_REMOVAL_COUNT,
  SUBJECT_REMOVAL_TARGETS,
  SUBJECT_SEQUENCES,
} from "../status";
import { Delta } from "./delta";
import { DeltaDecoder } from "./delta-decoder";

export abstract class RemovalDecoder {
  static read(): u32 {
    const count = DeltaDecoder.readCount(SUBJECT_REMOVAL_COUNT);
    if (DeltaDecoder.countStatus != STATUS_OK) return DeltaDecoder.countStatus;
    Delta.removalCount = count;
    if (count == 0) return STATUS_OK;
    let status = DeltaDecoder.readEnds(count, true, SUBJECT_REMOVAL_COUNT);
    if (status != STATUS_OK) return status;
    Delta.removalSequences = Scratch.allocate(count << 2);
    Delta.removalContainers = Scratch.allocate(count << 2);
    Delta.targetStarts = Scratch.allocate((count + 1) << 2);
    status = RemovalDecoder.readSequences(count);
    if (status == STATUS_OK) status = RemovalDecoder.readContainers(count);
    if (status == STATUS_OK) status = RemovalDecoder.readTargetCounts(count);
    if (status == STATUS_OK) status = RemovalDecoder.readTargets(Delta.at(Delta.targetStarts, count));
    return status;
  }

  private static readSequences(count: u32): u32 {
    if (!DeltaDecoder.readColumn(Delta.removalSequences, count))
      return DeltaDecoder.malformed(SUBJECT_SEQUENCES);
    let start: u32 = 0;
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      if (!DeltaDecoder.addUpSequences(Delta.removalSequences, start, row.removalEnd, row.base, row.to)) {
        return DeltaDecoder.malformed(SUBJECT_SEQUENCES, index, row.to);
      }
      start = row.removalEnd;
    }
    return STATUS_OK;
  }

  private static readContainers(count: u32): u32 {
    const status = DeltaDecoder.readContainerIndices(Delta.removalContainers, count);
    if (status != STATUS_OK) return status;
    for (let i: u32 = 0; i < count; i++) {
      const type = Delta.container(Delta.at(Delta.removalContainers, i)).type;
      if (!Rules.hasElements(type)) return DeltaDecoder.malformed(SUBJECT_CONTAINER_TYPE, type);
    }
    return STATUS_OK;
  }

  /** Reads target counts and turns them into where each record's targets begin. */
  private static readTargetCounts(count: u32): u32 {
    const starts = Delta.targetStarts;
    if (!DeltaDecoder.readColumn(starts, count)) return DeltaDecoder.malformed(SUBJECT_REMOVAL_TARGETS);
    let sum: u64 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const targets = Delta.at(starts, i);
      store<u32>(starts + (i << 2), <u32>sum);
      sum += targets;
      if (targets == 0 || sum > DeltaDecoder.byteLength) {
        return DeltaDecoder.malformed(SUBJECT_REMOVAL_TARGETS, <f64>sum, DeltaDecoder.byteLength);
      }
    }
    store<u32>(starts + (count << 2), <u32>sum);
    if (sum <= <u64>DELTA_TARGETS_MAX) return STATUS_OK;
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_REMOVAL_TARGETS, <f64>sum, DELTA_TARGETS_MAX);
  }

  private static readTargets(targets: u32): u32 {
    Delta.targetReplicas = Scratch.allocate(targets << 2);
    Delta.targetSequences = Scratch.allocate(targets << 2);
    if (!DeltaDecoder.readColumn(Delta.targetReplicas, targets)) return RemovalDecoder.badTargets(0);
    for (let i: u32 = 0; i < targets; i++) {
      if (Delta.at(Delta.targetReplicas, i) >= Delta.replicaCount) return RemovalDecoder.badTargets(i);
    }
    if (!DeltaDecoder.readColumn(Delta.targetSequences, targets)) return RemovalDecoder.badTargets(0);
    let record: u32 = 0;
    for (let replica: u32 = 0; replica < Delta.replicaCount; replica++) {
      const end = Delta.replica(replica).removalEnd;
      for (; record < end; record++) {
        if (!RemovalDecoder.areTargetsOf(replica, record)) return RemovalDecoder.badTargets(record);
      }
    }
    return STATUS_OK;
  }

  /** Whether the targets of a record ascend, are within what the delta knows, and come before the record. */
  private static areTargetsOf(replica: u32, record: u32): bool {
    let previous: u64 = 0;
    const end = Delta.at(Delta.targetStarts, record + 1);
    for (let i = Delta.at(Delta.targetStarts, record); i < end; i++) {
      const targetReplica = Delta.at(Delta.targetReplicas, i);
      const sequence = Delta.at(Delta.targetSequences, i);
      const dot = ((<u64>targetReplica + 1) << 32) | sequence;
      if (sequence == 0 || sequence > Delta.replica(targetReplica).to || dot <= previous) return false;
      if (targetReplica == replica && sequence >= Delta.at(Delta.removalSequences, record)) return false;
      previous = dot;
    }
    return true;
  }

  private static badTargets(index: u32): u32 {
    return DeltaDecoder.malformed(SUBJECT_REMOVAL_TARGETS, index);
  }
}
