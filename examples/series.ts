// Two machines measure themselves into one series: points by label and time, summed up by the engine, the same on both.
// Run: npm run example -- series
import { createReplica, schema, series } from "jarvis-crdt";

const Fleet = schema({ metrics: series({ retain: { points: 10_000 } }) });
const open = async () => (await createReplica()).open("fleet", Fleet);
const [left, right] = [await open(), await open()];

left.metrics.appendMany("left/cpu", [0, 1000, 2000, 3000], [0.25, 0.5, 1, 0.25]);
right.metrics.append("right/cpu", 2500, 0.75);
right.metrics.append("right/cpu", 500, 0.125); // late: it is read in its place
left.merge(right.snapshot());
right.merge(left.snapshot());

const { count, mean, max } = right.metrics.aggregate();
console.log(count, mean, max); // → 6 0.4791666666666667 1
console.log(left.metrics.range("right/cpu", { to: 2500 }));
// → { times: Float64Array(2) [ 500, 2500 ], values: Float64Array(2) [ 0.125, 0.75 ] }

for (const { group, mean } of left.metrics.windows({ widthMs: 1000, fill: "null" })) console.log(group, mean);
// → left/cpu [ 0.25, 0.5, 1, 0.25 ]
// → right/cpu [ 0.125, null, 0.75, null ]
const [cpu] = left.metrics.windows({ widthMs: 2000, group: () => "cpu", aggregates: ["mean", "last"] });
console.log(cpu?.mean, cpu?.last);
// → [ 0.2916666666666667, 0.6666666666666666 ] [ 0.5, 0.25 ]
console.log(left.metrics.latest("left/cpu", 2).values, left.metrics.quantiles([0.5]));
// → Float64Array(2) [ 1, 0.25 ] [ 0.2509765625 ]

left.metrics.retain({ beforeMs: 1000 });
right.merge(left.snapshot());
console.log(right.metrics.size, right.metrics.labels()); // → 4 [ 'left/cpu', 'right/cpu' ]
