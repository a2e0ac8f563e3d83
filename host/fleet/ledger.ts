// Why the totals are exact. Counters cannot be set, only moved, and two agents may read one file: both had claimed it
// while cut off, or one was killed and its unsent work arrives a day later. So the counters are kept like a bank's:
//
//   rule 1   whatever moves the counters appends, in the same transaction, a posting to the history that names the
//            path and the very same amounts. A delta merges whole, so at every replica and at every moment
//                counters = sum of all postings.
//   rule 2   only the coordinator corrects: where the postings of a path do not sum to what its file comes to, it
//            posts the difference, which is zero the next time it looks.
//
// Two corrections of one error, say by a coordinator that came back under a new replica id before its own earlier
// correction reached it, leave a wrong sum again, and rule 2 applies again: corrections need not be exactly-once, only
// one coordinator with everything merged, which the locked data directory and the quiet end of a job give.
// An agent needs no look at the ledger: it posts the new amounts minus those the file's record held before.

import type { Amounts, FileRecord, FleetDocument, FleetEvent } from "./schema.ts";

export const NOTHING: Amounts = { files: 0, bytes: 0, words: 0, passages: 0 };

/** What a file that was read adds to the totals; nothing for a file that was not. */
export function amountsOf(record: FileRecord | undefined): Amounts {
  if (record === undefined) return NOTHING;
  return { files: 1, bytes: record.bytes, words: record.words, passages: record.passages };
}

export function difference(left: Amounts, right: Amounts): Amounts {
  return {
    files: left.files - right.files,
    bytes: left.bytes - right.bytes,
    words: left.words - right.words,
    passages: left.passages - right.passages,
  };
}

export function sum(left: Amounts, right: Amounts): Amounts {
  return difference(left, difference(NOTHING, right));
}

function isNothing(amounts: Amounts): boolean {
  return amounts.files === 0 && amounts.bytes === 0 && amounts.words === 0 && amounts.passages === 0;
}

/** Rule 1. Call it inside a transaction together with whatever else belongs to the posting. */
export function post(
  fleet: FleetDocument,
  what: "read" | "corrected",
  path: string,
  agent: string,
  amounts: Amounts,
): void {
  move(fleet.filesRead, amounts.files);
  move(fleet.bytesRead, amounts.bytes);
  move(fleet.wordsRead, amounts.words);
  move(fleet.passagesRead, amounts.passages);
  fleet.history.append({ what, path, agent, ...amounts });
}

function move(counter: FleetDocument["filesRead"], amount: number): void {
  if (amount < 0) counter.decrement(-amount);
  else counter.increment(amount);
}

/** Sum of the postings of each path. Reads the whole history. */
export function ledgerOf(events: Iterable<FleetEvent>): Map<string, Amounts> {
  const ledger = new Map<string, Amounts>();
  for (const event of events) {
    if (event.what !== "read" && event.what !== "corrected") continue;
    ledger.set(event.path, sum(ledger.get(event.path) ?? NOTHING, event));
  }
  return ledger;
}

/** Rule 2: posts what is missing to make every path's postings sum to its record. Returns how many paths were wrong. */
export function correct(fleet: FleetDocument, agent: string): number {
  const events = fleet.history.entries().map((entry) => entry.value);
  const ledger = ledgerOf(events);
  let corrections = 0;
  fleet.transact(() => {
    for (const path of new Set([...ledger.keys(), ...fleet.files.keys()])) {
      const missing = difference(amountsOf(fleet.files.get(path)), ledger.get(path) ?? NOTHING);
      if (isNothing(missing)) continue;
      corrections++;
      post(fleet, "corrected", path, agent, missing);
    }
  });
  return corrections;
}
