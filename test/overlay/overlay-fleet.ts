// Fleets of replicas in an overlay, in virtual time, for tests.
import type { Overlay } from "../../host/overlay/index.ts";
import { joinOverlay } from "../../host/overlay/overlay.ts";
import type { Topology } from "../../host/overlay/topology/topology.ts";
import { counter, log, schema } from "../../host/replica/schema.ts";
import { VirtualNode, VirtualWorld } from "./virtual-world.ts";

const Home = schema({ visits: counter(), events: log<number>() });
export const openHome = (node: VirtualNode) => node.replica.open("home", Home);

export interface OverlayFleet {
  readonly world: VirtualWorld;
  readonly nodes: readonly VirtualNode[];
  readonly overlays: readonly Overlay[];
  readonly homes: readonly Awaited<ReturnType<typeof openHome>>[];
}

/** `count` nodes that all know the first, with the same topology. */
export async function overlayFleet(
  seed: number,
  count: number,
  topology: Topology,
  regionOf: (number: number) => string = () => "",
): Promise<OverlayFleet> {
  const world = new VirtualWorld(seed);
  const nodes = Array.from({ length: count }, (_, index) => new VirtualNode(world, index + 1));
  const homes = await Promise.all(nodes.map(openHome));
  const overlays = nodes.map((node, index) =>
    joinOverlay(node.replica, {
      seeds: index === 0 ? [] : [nodes[0]!.name],
      address: node.name,
      region: regionOf(index),
      topology,
    }),
  );
  return { world, nodes, homes, overlays };
}

/** Whether each of these nodes believes exactly these to be alive. */
export function isKnown({ nodes, overlays }: OverlayFleet, among = nodes.map((_, index) => index)): boolean {
  return among.every((index) => {
    const alive = overlays[index]!.members().filter(({ state }) => state === "alive");
    return alive.length === among.length;
  });
}

/** Connections each node has, whoever opened them. */
export const degrees = ({ overlays }: OverlayFleet): number[] =>
  overlays.map((overlay) => overlay.links().length);
