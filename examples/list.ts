// A list that two replicas edit at once: what each wrote stays together, and an element is itself wherever it goes.
// Run: npm run example -- list
import { createReplica, list, schema } from "jarvis-crdt";

const Plan = schema({ steps: list<string>() });
const [main, branch] = [await createReplica(), await createReplica()];
const here = await main.open("plan", Plan);
const there = await branch.open("plan", Plan);

here.steps.push("wake", "leave");
there.merge(here.snapshot());
const leaving = here.steps.positionAt(1);

here.steps.insert(1, "wash", "dress");
there.steps.move(1, 0);
there.steps.set(1, "get up");
here.merge(there.deltaSince(here.versionVector()));
there.merge(here.deltaSince(there.versionVector()));

console.log(here.steps.values(), here.steps.indexOf(leaving));
// → [ 'leave', 'get up', 'wash', 'dress' ] 0
console.log(JSON.stringify(there.steps) === JSON.stringify(here.steps));
// → true
