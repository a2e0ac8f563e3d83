// Two replicas that exchange deltas by hand: any way of moving bytes is a network.
// Run: npm run example -- two-replicas-by-hand
import { createReplica, schema, set } from "jarvis-crdt";

const Shopping = schema({ items: set<string>() });
const open = async () => (await createReplica()).open("shopping", Shopping);
const [ana, ben] = [await open(), await open()];

ana.items.addMany(["milk", "bread"]);
ben.items.addMany(["bread", "eggs"]);

// Each gives the other what its version vector says is missing.
const forBen = ana.deltaSince(ben.versionVector());
const forAna = ben.deltaSince(ana.versionVector());
ben.merge(forBen);
ana.merge(forAna);
ana.merge(forAna); // twice is once

console.log([...ana.items].sort().join(", ")); // → bread, eggs, milk
console.log(ana.digest() === ben.digest()); // → true
console.log(ana.deltaSince(ben.versionVector()).length < 60); // → true
