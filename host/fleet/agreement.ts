// Agreement at the end of a run: each process hashes the job's document once it is quiet after the job was called
// finished, and says so in its presence; whoever wants to know compares. A later change is hashed and told again.

import type { FleetDocument, PresenceDocument } from "./schema.ts";

/** A document that did not change for so long is worth hashing. */
const QUIET_MS = 60;

export type Settled = { readonly run: number; readonly digest: string };

/** Calls `onChange` with the digest of each quiet moment after the end of a run, and with undefined when a run begins. */
export function settledDigest(
  fleet: FleetDocument,
  onChange: (settled: Settled | undefined) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasFinished = false;
  const hash = () => {
    const job = fleet.job.get();
    if (job?.phase === "finished") onChange({ run: job.run, digest: fleet.digest() });
  };
  const look = () => {
    clearTimeout(timer);
    const isFinished = fleet.job.get()?.phase === "finished";
    if (isFinished) timer = setTimeout(hash, QUIET_MS);
    else if (wasFinished) onChange(undefined);
    wasFinished = isFinished;
  };
  const stop = fleet.subscribe(look);
  look();
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** Whether each of `replicas` has told the digest `expected` for this run. */
export function doAgree(presence: PresenceDocument, replicas: Iterable<string>, expected: Settled): boolean {
  for (const replica of replicas) {
    const told = presence.agents.get(replica);
    if (told?.run !== expected.run || told.digest !== expected.digest) return false;
  }
  return true;
}
