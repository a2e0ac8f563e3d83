// Hybrid logical clock readings: wall milliseconds × 1024 + counter in one integer below 2^53. Readings are arguments;
// the document's clock never runs backwards, and a remote reading too far ahead does not move it.

import { Refusal } from "../refusal";
import { Document } from "../state/document";
import { STATUS_INVALID_ARGUMENT, STATUS_LIMIT_EXCEEDED, STATUS_OK, SUBJECT_CLOCK } from "../status";

/** Counter steps a millisecond. */
export const TICKS: u64 = 1024;
export const TIMESTAMP_END: u64 = 1 << 53;
const WALL_MS_END: f64 = 8796093022208; // 2^53 / 1024

export abstract class Clock {
  /** The reading of the running batch. */
  static reading: u64 = 0;
  /** Of the running merge: the first timestamp that may not move the clock, and what lay beyond. */
  static wallMs: f64 = 0;
  static aheadFrom: u64 = 0;
  static ahead: u32 = 0;
  static aheadMs: f64 = 0;
  static absorbed: u64 = 0;

  static isWallTime(nowMs: f64): bool {
    return nowMs >= 0 && nowMs < WALL_MS_END && trunc(nowMs) == nowMs;
  }

  static refuse(nowMs: f64): u32 {
    return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_CLOCK, nowMs, WALL_MS_END);
  }

  /** Takes the reading all operations of a batch share. */
  static read(nowMs: f64): u32 {
    const document = Document.current;
    const now = <u64>(nowMs * <f64>TICKS);
    Clock.reading = max(document.clock + 1, now);
    if (Clock.reading >= TIMESTAMP_END) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_CLOCK, <f64>Clock.reading, <f64>(TIMESTAMP_END - 1));
    }
    document.clock = Clock.reading;
    return STATUS_OK;
  }

  static openMerge(nowMs: f64): void {
    const document = Document.current;
    Clock.wallMs = nowMs;
    Clock.aheadFrom =
      min(<u64>min<f64>(nowMs + document.driftLimitMs, WALL_MS_END) + 1, TIMESTAMP_END / TICKS) * TICKS;
    Clock.ahead = 0;
    Clock.aheadMs = 0;
    Clock.absorbed = document.clock;
  }

  /** Lets a merged timestamp move the clock, unless it lies beyond the drift limit. */
  @inline static absorb(timestamp: u64): void {
    if (timestamp >= Clock.aheadFrom) Clock.noteAhead(timestamp);
    else if (timestamp > Clock.absorbed) Clock.absorbed = timestamp;
  }

  private static noteAhead(timestamp: u64): void {
    Clock.ahead++;
    Clock.aheadMs = max<f64>(Clock.aheadMs, <f64>(timestamp / TICKS) - Clock.wallMs);
  }

  static closeMerge(): void {
    if (Clock.absorbed > Document.current.clock) Document.current.clock = Clock.absorbed;
  }
}
