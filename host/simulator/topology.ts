// Who opens a connection to whom. A topology is a pure function of the number of nodes and a seed; links are given
// once, by the side that connects. Sessions carry documents over any connected graph.
import { CrdtError } from "../errors.ts";
import { Random } from "./random.ts";

/** The first node connects to the second. */
export type LinkPair = readonly [client: number, server: number];
export type Topology = (nodes: number, seed: number) => readonly LinkPair[];

/** Links a node has in the random graph, on average. */
const DEGREE = 5;

/** A ring, so that it is connected, and random chords until each node has about five links. */
function random(nodes: number, seed: number): LinkPair[] {
  const draw = new Random(seed, "topology");
  const order = draw.shuffle(Array.from({ length: nodes }, (_, index) => index));
  const links = new Map<string, LinkPair>();
  const add = (from: number, to: number): void => {
    const key = `${Math.min(from, to)} ${Math.max(from, to)}`;
    if (from !== to && !links.has(key)) links.set(key, [from, to]);
  };
  for (const [place, node] of order.entries()) add(node, order[(place + 1) % nodes]!);
  const wanted = Math.min((nodes * DEGREE) / 2, (nodes * (nodes - 1)) / 2);
  while (links.size < Math.floor(wanted)) add(draw.below(nodes), draw.below(nodes));
  return [...links.values()];
}

const star: Topology = (nodes) => Array.from({ length: nodes - 1 }, (_, index) => [index + 1, 0]);

const ring: Topology = (nodes) =>
  nodes < 3 ? star(nodes, 0) : Array.from({ length: nodes }, (_, index) => [index, (index + 1) % nodes]);

const mesh: Topology = (nodes) =>
  Array.from({ length: nodes }, (_, from) => from).flatMap((from) =>
    Array.from({ length: from }, (_, to): LinkPair => [from, to]),
  );

export const TOPOLOGIES: Readonly<Record<string, Topology>> = { random, star, ring, mesh };

/** The topology of this name. Errors: invalid-option. */
export function topologyNamed(name: string): Topology {
  const topology = TOPOLOGIES[name];
  if (topology !== undefined) return topology;
  throw new CrdtError(
    "invalid-option",
    `topology "${name}": choose one of ${Object.keys(TOPOLOGIES).join(", ")}`,
  );
}
