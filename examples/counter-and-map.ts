// Two containers in one document of one replica. Run: npm run example -- counter-and-map
import { counter, createReplica, map, schema } from "jarvis-crdt";

const Home = schema({
  visits: counter(),
  settings: map<{ theme: "dark" | "light"; volume: number }>(),
});

const replica = await createReplica();
const home = await replica.open("home", Home);

home.visits.increment();
home.visits.increment(2);
home.settings.set("theme", "dark");
home.settings.setMany([
  ["theme", "light"],
  ["volume", 7],
]);

console.log(home.visits.value); // → 3
console.log(home.settings.get("theme"), home.settings.get("volume", 0)); // → light 7
console.log(JSON.stringify(home)); // → {"visits":3,"settings":{"theme":"light","volume":7}}

await replica.close();
