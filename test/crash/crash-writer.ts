// The process the crash tests kill: opens a replica on a directory, says what it finds there, and writes on. Every
// number n goes into a set, a map, a counter and a log in one transaction. A line is printed, synchronously, for each
// durable() that resolved; what it names must survive whatever happens next.
// usage: node crash-writer.mjs DIRECTORY DURABILITY [COUNT] [REWRITING]   (COUNT: close cleanly after so many numbers, 0
// never; REWRITING: "rewriting" to rewrite the document all the while)
import { writeSync } from "node:fs";
import { counter, createReplica, log, map, type Replica, schema, set } from "../../host/index.ts";

const Numbers = schema({
  total: counter(),
  seen: set<number>(),
  latest: map<Record<string, { n: number; padding: string }>>(),
  history: log<number>(),
});

/** Numbers written between two awaits of durability, at most. */
const GROUP_MAX = 8;
const KEYS = 50;
const REWRITTEN_EVERY = 16;
const PADDING = "p".repeat(100);

const [directory, durability, countText = "0", rewriting] = process.argv.slice(2);
const count = Number(countText) || Number.POSITIVE_INFINITY;

const say = (message: object) => writeSync(1, `${JSON.stringify(message)}\n`);

async function openNumbers(replica: Replica) {
  const numbers = await replica.open("numbers", Numbers);
  const seen = [...numbers.seen].sort((left, right) => left - right);
  const history = numbers.history.entries().map((entry) => entry.value);
  const isWhole =
    seen.every((n, index) => n === index + 1) &&
    numbers.total.value === seen.length &&
    history.length === seen.length &&
    history.every((n, index) => n === index + 1) &&
    [...numbers.latest].every(([key, { n }]) => seen.length - n < KEYS && key === `key ${n % KEYS}`);
  return { numbers, found: seen.length, isWhole };
}

const replica = await createReplica({
  storage: directory!,
  durability: durability === "flushed" ? "flushed" : "buffered",
});
const events: string[] = [];
replica.subscribe((event) => events.push(event.kind === "store" ? event.event.kind : event.kind));
const { numbers, found, isWhole } = await openNumbers(replica);
say({ kind: "open", id: replica.id, found, isWhole, events });

let n = found;
/** Not awaited, so that writes, other rewrites and a kill come in its middle; what it fails at, durable() says. */
const rewrite = () => void numbers.rewrite().catch(() => {});
while (n < found + count) {
  const group = 1 + (n % GROUP_MAX);
  for (let index = 0; index < group; index++) {
    n++;
    numbers.transact(() => {
      numbers.total.increment();
      numbers.seen.add(n);
      numbers.latest.set(`key ${n % KEYS}`, { n, padding: PADDING });
      numbers.history.append(n);
    });
  }
  try {
    await numbers.durable();
    say({ kind: "stored", n });
    if (rewriting === "rewriting" && n % REWRITTEN_EVERY < group) rewrite();
  } catch (error) {
    say({ kind: "refused", n, code: Reflect.get(Object(error), "code") });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
await replica.close();
say({ kind: "closed", n });
