// The page's own replica: stored in IndexedDB under the id of the job, so that a reload continues where it was, and in
// memory where another tab has that storage already. Storage of other jobs that were shown on this address is removed:
// documents of two jobs must never meet.

import { createReplica, isCrdtError, type Replica } from "../index.ts";

const PREFIX = "jarvis-fleet-";

export interface PageReplica {
  readonly replica: Replica;
  readonly storage: string;
}

export async function openPageReplica(): Promise<PageReplica> {
  const response = await fetch("/job.json");
  const { id } = (await response.json()) as { id: string };
  const storage = PREFIX + id;
  await removeOthers(storage);
  try {
    return { replica: await createReplica({ storage }), storage: "IndexedDB" };
  } catch (error) {
    if (!isCrdtError(error)) throw error;
    const reason = error.code === "store-locked" ? "another tab has the storage" : error.code;
    return { replica: await createReplica({}), storage: `memory (${reason})` };
  }
}

async function removeOthers(storage: string): Promise<void> {
  try {
    for (const { name } of await indexedDB.databases()) {
      if (name?.includes(PREFIX) && !name.includes(storage)) indexedDB.deleteDatabase(name);
    }
  } catch {
    // A browser that cannot list its databases keeps them; their names hold other ids, so nothing mixes.
  }
}
