// Writes at the same time, none lost: a rule decides until a person does.
// Run: npm run example -- conflicts
import { createReplica, multiMap, multiValue, priority, schema } from "jarvis-crdt";

const Notes = schema({
  title: multiValue<string>(),
  urgency: multiMap<Record<string, string>>({ resolve: priority(["high", "low"]) }),
});

const here = await (await createReplica({ id: "00000000000000a1" })).open("notes", Notes);
const there = await (await createReplica({ id: "00000000000000b2" })).open("notes", Notes);
const meet = (): void => {
  here.merge(there.deltaSince(here.versionVector()));
  there.merge(here.deltaSince(there.versionVector()));
};

here.title.set("Plan A");
there.title.set("Plan B");
here.urgency.set("roof", "high");
there.urgency.set("roof", "low");
meet();
console.log(here.title.values, here.urgency.get("roof"), here.urgency.conflicts());
// → [ 'Plan A', 'Plan B' ] high [ 'roof' ]

there.title.set("Plan B, with the roof of A");
there.urgency.set("roof", "low");
meet();
console.log(here.title.values, here.urgency.get("roof"), here.urgency.conflicts());
// → [ 'Plan B, with the roof of A' ] low []
