// A replica that is there again after a restart: `durable()` says when what was done so far is stored.
// Run: npm run example -- kept-on-disk
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { counter, createReplica, isCrdtError, schema } from "jarvis-crdt";

const Home = schema({ visits: counter() });
const storage = await mkdtemp(join(tmpdir(), "jarvis-crdt-"));

for (let run = 1; run <= 3; run++) {
  const replica = await createReplica({ storage });
  const home = await replica.open("home", Home);
  home.visits.increment();
  await home.durable();
  console.log(`run ${run}: ${home.visits.value}`); // → run 1: 1
  // → run 2: 2
  // → run 3: 3
  await createReplica({ storage }).catch((error) => {
    if (!isCrdtError(error, "store-locked")) throw error;
  });
  await replica.close();
}
await rm(storage, { recursive: true });
