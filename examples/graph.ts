// A graph that two replicas draw at once: what one removes hides the edges that the other adds to it.
// Run: npm run example -- graph
import { createReplica, graph, schema } from "jarvis-crdt";

const Map = schema({ roads: graph<{ people: number }, { km: number }>() });
const [main, branch] = [await createReplica(), await createReplica()];
const here = await main.open("map", Map);
const there = await branch.open("map", Map);

here.roads.addMany({
  vertices: [{ id: "Ulm", attributes: { people: 129942 } }, { id: "Bonn" }, { id: "Kiel" }],
  edges: [
    { from: "Ulm", to: "Bonn", directed: false, attributes: { km: 390 } },
    { from: "Bonn", to: "Kiel", directed: false, attributes: { km: 520 } },
    { from: "Ulm", to: "Kiel", directed: false, attributes: { km: 990 } },
  ],
});
there.merge(here.snapshot());
console.log(
  there.roads.shortestPath("Kiel", "Ulm"),
  there.roads.shortestPath("Kiel", "Ulm", { weight: "km" }),
);
// → [ 'Kiel', 'Ulm' ] [ 'Kiel', 'Bonn', 'Ulm' ]

here.roads.removeVertex("Bonn");
there.roads.addEdge("Bonn", "Ulm", { label: "by rail" });
here.merge(there.deltaSince(here.versionVector()));
there.merge(here.deltaSince(there.versionVector()));
console.log(here.roads.edgeCount, there.roads.neighbours("Ulm"), here.digest() === there.digest());
// → 1 [ 'Kiel' ] true

there.roads.addVertex("Bonn");
console.log(there.roads.edgeCount, there.roads.neighbours("Bonn"), there.roads.vertexAttributes("Ulm"));
// → 4 [ 'Kiel', 'Ulm' ] { people: 129942 }
