// A relay as its own process, for tests that kill it: prints its address, and tells how it went on SIGTERM.
import { createReplica } from "../../host/create-replica.ts";
import { serve } from "../../host/relay.ts";

const [storage, port] = process.argv.slice(2);
const replica = await createReplica({ engine: "baseline", storage: storage! });
const relay = await serve(replica, { port: Number(port) });
process.stdout.write(`${relay.url}\n`);
process.on("SIGTERM", async () => {
  await relay.drain({ retryAfterMs: 100 });
  await relay.close();
  await replica.close();
  process.exit(0);
});
