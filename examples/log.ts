// A log that several replicas append to: one order everywhere, cut where nobody needs it any more.
// Run: npm run example -- log
import { createReplica, log, schema } from "jarvis-crdt";

const Site = schema({ events: log<{ what: string }>() });
const open = async () => (await createReplica()).open("site", Site);
const [door, cellar] = [await open(), await open()];

door.events.append({ what: "door opened" });
cellar.merge(door.snapshot());
cellar.events.append({ what: "light on" }); // after what it has seen, whatever its clock says
cellar.events.appendMany([{ what: "light off" }, { what: "silence" }]);
door.merge(cellar.snapshot());

console.log(door.events.size); // → 4
for (const { value, replica } of door.events.entries({ last: 2 })) {
  console.log(value.what, replica === door.events.entries()[0]!.replica); // → light off false
  // → silence false
}
door.events.truncate({ keep: 1 });
cellar.merge(door.snapshot());
console.log(cellar.events.toJSON()); // → [ { what: 'silence' } ]
