// The process that opens a damaged store: it prints what it finds there, or the code of the refusal. LevelDB may abort
// the process instead, which is why this is one.
// usage: node store-reader.mjs DIRECTORY
import { createReplica, isCrdtError, type ReplicaEvent, schema, set } from "../../host/index.ts";

const events: string[] = [];
const note = (event: ReplicaEvent) => events.push(event.kind === "store" ? event.event.kind : event.kind);

try {
  const replica = await createReplica({ storage: process.argv[2]!, engine: "baseline" });
  replica.subscribe(note);
  const numbers = await replica.open("numbers", schema({ seen: set<number>() }));
  const seen = [...numbers.seen].sort((left, right) => left - right);
  await replica.close();
  console.log(JSON.stringify({ seen, events }));
} catch (error) {
  if (!isCrdtError(error)) throw error;
  console.log(JSON.stringify({ code: error.code }));
}
