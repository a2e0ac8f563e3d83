// A transaction is all or nothing, leaves as one delta, and tells subscribers once a container.
// Run: npm run example -- transactions-and-events
import { createReplica, map, schema, set } from "jarvis-crdt";

const Bank = schema({ balances: map<Record<string, number>>(), seen: set<string>() });
const replica = await createReplica();
const bank = await replica.open("bank", Bank);

bank.subscribe((change) => {
  if (change.type === "map") console.log(change.container, change.origin, change.set.join("+"));
  if (change.type === "set") console.log(change.container, change.origin, change.added.join("+"));
});

function pay(from: string, to: string, amount: number): void {
  bank.transact(() => {
    bank.balances.set(from, bank.balances.get(from, 0) - amount);
    bank.balances.set(to, bank.balances.get(to, 0) + amount);
    bank.seen.addMany([from, to]);
    if (bank.balances.get(from, 0) < 0) throw new Error(`${from} has too little`);
  });
}

bank.balances.set("ana", 10); // → balances local ana
pay("ana", "ben", 4); // → balances local ana+ben
// → seen local ana+ben
try {
  pay("ben", "ana", 100);
} catch (error) {
  console.log(String(error)); // → Error: ben has too little
}
console.log(JSON.stringify(bank)); // → {"balances":{"ana":6,"ben":4},"seen":["ana","ben"]}

await replica.close();
