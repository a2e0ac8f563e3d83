// Two agents share work through one document: a task with a skill, one that comes after it, and one that fails.
// Run: npm run example -- agents
import { createReplica } from "jarvis-crdt";
import { joinFleet, TokenCheck } from "jarvis-crdt/agents";
import { serve } from "jarvis-crdt/relay";

const desk = await createReplica();
const relay = await serve(desk, { port: 0 });
const worker = await createReplica();
await worker.connect(relay.url);

const office = await joinFleet(desk);
const fleet = await joinFleet(worker);
const archive = new TokenCheck();

fleet
  .register({ id: "anna", skills: { law: 0.9 }, slots: 2 })
  .work("review", (text: string, run) => {
    archive.check(run.token); // throws stale-token where this execution has lost its right
    run.progress(1, "read");
    return `${text}: fine`;
  })
  .work("sign", async (_input, { signal }) => {
    if (signal.aborted) throw signal.reason;
    return "signed";
  })
  .work("shred", () => {
    throw new Error("out of order");
  });

const review = office.submit({ kind: "review", input: "contract", requires: { law: 0.5 }, mode: "owned" });
const sign = office.submit({ kind: "sign", after: [review], priority: "high" });
const shred = office.submit({ kind: "shred", attempts: 2, backoff: { baseMs: 10, mostMs: 10 } });

for (const id of [review, sign, shred]) {
  const { status, result, error, attempts } = await office.settled(id);
  console.log(status, result ?? error, attempts);
}
// → done contract: fine 1
// → done signed 1
// → dead Error: out of order 2
console.log(office.explain(shred).why);
// → 2 of 2 attempts did not end well
console.log(office.counters().tasks, office.counters().duplicates);
// → { done: 2, dead: 1 } 0

await fleet.leave();
await office.leave();
await worker.close();
await relay.close();
await desk.close();
