// What the exported calls share: choosing the document, refusing, running a change inside the journal, and where results
// are left for the host to fetch.

import { Scratch } from "./memory/scratch";
import { Refusal } from "./refusal";
import { Document } from "./state/document";
import { STATUS_DOCUMENT_CLOSED, STATUS_INVALID_ARGUMENT, STATUS_OK, SUBJECT_TRANSACTION } from "./status";

export abstract class Result {
  static pointer: u32 = 0;
  static length: u32 = 0;
  static first: u32 = 0;
  static second: u32 = 0;
  static time: f64 = 0;

  static bytes(pointer: u32, length: u32): u32 {
    Result.pointer = pointer;
    Result.length = length;
    return STATUS_OK;
  }
}

export abstract class Call {
  /** Chooses the document of a call that may run inside a transaction. */
  static select(handle: u32): u32 {
    if (!Document.select(handle)) return Refusal.of(STATUS_DOCUMENT_CLOSED, 0);
    Scratch.reset();
    return STATUS_OK;
  }

  /** Chooses the document of a call that may not. */
  static selectSettled(handle: u32): u32 {
    const status = Call.select(handle);
    if (status != STATUS_OK) return status;
    if (Document.current.isTransactionOpen == 0) return STATUS_OK;
    return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_TRANSACTION, 1, 0);
  }

  /** Keeps the change, or undoes it. */
  static end(status: u32): u32 {
    if (status == STATUS_OK) Document.keep();
    else Document.refuse();
    return status;
  }
}
