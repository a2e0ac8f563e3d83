// Why a call was refused: kept until the next refusal, for the host to word the error.
import { SUBJECT_NONE } from "./status";

/** The last refusal: its status, what was refused, the value found and the limit it broke. */
export abstract class Refusal {
  static subject: u32 = SUBJECT_NONE;
  static value: f64 = 0;
  static limit: f64 = 0;
  /** Which one it was of several, or −1. */
  static index: f64 = -1;

  static of(status: u32, subject: u32, value: f64 = 0, limit: f64 = 0): u32 {
    Refusal.subject = subject;
    Refusal.value = value;
    Refusal.limit = limit;
    Refusal.index = -1;
    return status;
  }

  /** The same about one of several. */
  static at(index: u32, status: u32, subject: u32, value: f64 = 0, limit: f64 = 0): u32 {
    Refusal.of(status, subject, value, limit);
    Refusal.index = <f64>index;
    return status;
  }
}
