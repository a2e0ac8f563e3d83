// A workflow on two replicas that are cut off: both take a legal step, and one of them loses the same way everywhere.
// Run: npm run example -- workflow
import { createReplica, schema, workflow } from "jarvis-crdt";

const Desk = schema({
  articles: workflow({
    name: "article",
    states: ["draft", "approved", "published", "rejected"],
    initial: "draft",
    transitions: [
      { name: "approve", from: "draft", to: "approved", roles: ["editor"] },
      {
        name: "publish",
        from: "approved",
        to: "published",
        guard: { left: { context: "words" }, is: ">=", right: { value: 300 } },
      },
      { name: "reject", from: "draft", to: "rejected", compensate: "tell the author" },
    ],
  }),
});

const here = await (await createReplica({ id: "00000000000000a1" })).open("desk", Desk);
const there = await (await createReplica({ id: "00000000000000b2" })).open("desk", Desk);
here.articles.start("crdt", { words: 250 });
there.merge(here.snapshot());

here.articles.transition("crdt", "approve", { role: "editor", context: { words: 320 } });
here.articles.transition("crdt", "publish");
await new Promise((resolve) => setTimeout(resolve, 5));
there.articles.transition("crdt", "reject");
console.log(here.articles.state("crdt"), there.articles.state("crdt"));
// → published rejected

here.merge(there.deltaSince(here.versionVector()));
there.merge(here.deltaSince(there.versionVector()));
console.log(here.articles.state("crdt"), there.articles.state("crdt"));
// → published published

const lost = there.articles.history("crdt").find((step) => !step.isApplied);
console.log(`${lost?.transition}: ${lost?.why}`);
// → reject: it is "published", and "reject" starts from "draft"
console.log(there.articles.compensations("crdt").map(({ action, because }) => `${action} (${because})`));
// → [ 'tell the author (refused)' ]

try {
  here.articles.transition("crdt", "approve", { role: "editor" });
} catch (error) {
  console.log(String(error));
  // → CrdtError: articles: transition of "crdt" refused: it is "published", and "approve" starts from "draft"
}
