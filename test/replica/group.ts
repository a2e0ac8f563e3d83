// Replicas in one process with clocks that move when told, on each engine there is.
import type { Engine } from "../../host/engine/engine.ts";
import { loadEngine } from "../../host/engine/load-engine.ts";
import { createReplica, type Document, type Replica, type Schema } from "../../host/index.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "../platform/simulated-platform.ts";

export const ENGINES: readonly Engine[] = [
  await loadEngine({ engine: "baseline" }),
  await loadEngine({ engine: "wasm" }),
];

export interface Member {
  readonly replica: Replica;
  readonly platform: SimulatedPlatform;
}

let seed = 0;

export async function createMember(engine: Engine, id?: string): Promise<Member> {
  const platform = createSimulatedPlatform(++seed);
  const replica = await createReplica({ engine, platform, id: id ?? String(seed).padStart(16, "0") });
  return { replica, platform };
}

/** One document open on `count` replicas. */
export async function openGroup<S extends Schema<Record<never, never>>>(
  engine: Engine,
  documentSchema: S,
  count: number,
): Promise<{ members: Member[]; documents: Document<S>[] }> {
  const members: Member[] = [];
  const documents: Document<S>[] = [];
  for (let index = 0; index < count; index++) {
    const member = await createMember(engine);
    members.push(member);
    documents.push((await member.replica.open("home", documentSchema)) as Document<S>);
  }
  return { members, documents };
}

type Mergeable = Pick<Document, "merge" | "deltaSince" | "versionVector">;

/** Gives `to` all that `from` knows. */
export function pass(from: Mergeable, to: Mergeable): void {
  to.merge(from.deltaSince(to.versionVector()));
}

/** Everybody learns everything. */
export function converge(...documents: readonly Mergeable[]): void {
  for (let round = 0; round < 2; round++) {
    for (const from of documents) for (const to of documents) if (from !== to) pass(from, to);
  }
}
