// A budget that is never overspent, though nobody is asked: each replica spends what it holds, and can be given more.
// Run: npm run example -- bounded
import { bounded, createReplica, schema } from "jarvis-crdt";

const Shop = schema({ tokens: bounded() });
const [main, branch] = [await createReplica(), await createReplica()];
const here = await main.open("shop", Shop);
const there = await branch.open("shop", Shop);

here.tokens.topUp(100);
here.tokens.transfer(branch.id, 30);
there.merge(here.snapshot());

here.tokens.spend(50);
there.tokens.spend(25);
try {
  there.tokens.spend(10);
} catch (error) {
  console.log(String(error));
  // → CrdtError: tokens.spend(10): this replica holds 5; ask for less, or have another one transfer rights
}

here.merge(there.deltaSince(here.versionVector()));
console.log(here.tokens.value, here.tokens.rights, here.tokens.rightsOf(branch.id));
// → 25 20 5

// Whoever calls it, only the richest gives, and only once.
console.log(
  there.tokens.rebalance({ lowWater: 10 }).length,
  here.tokens.rebalance({ lowWater: 10 })[0]?.amount,
);
// → 0 5
there.merge(here.deltaSince(there.versionVector()));
there.tokens.spend(10);
console.log(there.tokens.rights);
// → 0
