// Small fleets of replicas in one process that merge by hand, for tests of what a fleet does when it is well.

import { FleetSchema } from "../../host/agents/fleet-document.ts";
import { type AgentFleet, type FleetOptions, joinFleet } from "../../host/agents/index.ts";
import { createReplica } from "../../host/create-replica.ts";
import { loadEngine } from "../../host/engine/load-engine.ts";
import { type Hub, hubOf } from "../../host/net/index.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { hostOf, type Replica } from "../../host/replica/replica.ts";

const engine = await loadEngine({ engine: "baseline" });

export interface Member {
  readonly replica: Replica;
  readonly fleet: AgentFleet;
  readonly hub: Hub;
}

export async function member(options: FleetOptions = {}): Promise<Member> {
  const replica = await createReplica({ engine });
  const hub = hubOf(hostOf(replica));
  return { replica, hub, fleet: await joinFleet(replica, options) };
}

/** Replicas that are all connected to the first. */
export async function members(count: number, options: FleetOptions = {}): Promise<Member[]> {
  const all: Member[] = [];
  for (let index = 0; index < count; index++) all.push(await member(options));
  for (const other of all.slice(1)) {
    const [near, far] = createMemoryTransports();
    all[0]!.hub.attach(far, "server");
    other.hub.attach(near, "client");
  }
  return all;
}

export async function close(all: readonly Member[]): Promise<void> {
  for (const { replica } of all) await replica.close();
}

export const openFleet = (replica: Replica) => replica.open("agents", FleetSchema);

export async function until(holds: () => boolean, withinMs = 5_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
