// Three replicas that find each other through one address, and keep the connections of a ring among them.
// Run: npm run example -- overlay
import { counter, createReplica, schema } from "jarvis-crdt";
import { joinOverlay } from "jarvis-crdt/overlay";
import { serve } from "jarvis-crdt/relay";

const Home = schema({ visits: counter() });

async function start(region: string, seeds: string[]) {
  const replica = await createReplica();
  const relay = await serve(replica, { port: 0 });
  const overlay = joinOverlay(replica, { address: relay.url, region, seeds, topology: { kind: "ring" } });
  return { replica, relay, overlay, home: await replica.open("home", Home) };
}

const first = await start("north", []);
const others = [await start("north", [first.relay.url]), await start("south", [first.relay.url])];
const all = [first, ...others];
for (const { home } of all) home.visits.increment();

const isDone = () =>
  all.every(({ home, overlay }) => home.visits.value === 3 && overlay.members().length === 3);
while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 20));

const regions = first.overlay.members().map(({ region }) => region);
console.log(regions.sort().join(", ")); // → north, north, south
console.log(all.map(({ home }) => home.visits.value)); // → [ 3, 3, 3 ]

for (const { overlay, relay, replica } of all) {
  await overlay.leave();
  await relay.close();
  await replica.close();
}
