// A replica edits while it is away, and nothing is lost when it returns.
// Run: npm run example -- offline-edits
import { counter, createReplica, type Document, flag, map, schema, set } from "jarvis-crdt";

const Plan = schema({
  hours: counter(),
  rooms: map<Record<string, string>>(),
  guests: set<string>(),
  done: flag(),
});
const open = async () => (await createReplica()).open("plan", Plan);
const [office, laptop] = [await open(), await open()];

function sync(left: Document<typeof Plan>, right: Document<typeof Plan>): void {
  left.merge(right.deltaSince(left.versionVector()));
  right.merge(left.deltaSince(right.versionVector()));
}

office.hours.increment(8);
office.guests.addMany(["Ada", "Grace"]);
office.rooms.set("Ada", "101");
office.done.enable();
sync(office, laptop);

// On the train, without a network:
laptop.hours.decrement(2);
laptop.guests.delete("Ada");
laptop.rooms.set("Grace", "102");
laptop.done.disable();
// Meanwhile in the office:
office.hours.increment(1);
office.guests.add("Ada"); // somebody wants her to come after all
office.done.enable();
sync(office, laptop);

console.log(laptop.hours.value, laptop.hours.breakdown().length); // → 7 2
console.log([...laptop.guests].sort().join(" ")); // → Ada Grace
console.log(laptop.rooms.get("Ada"), laptop.rooms.get("Grace")); // → 101 102
console.log(laptop.done.value, laptop.digest() === office.digest()); // → true true
