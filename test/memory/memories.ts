// Memories of several replicas in one process, with a clock each, and merges between them in whatever order a test likes.
import { platform } from "#platform";
import { createReplica, type Replica } from "../../host/index.ts";
import { createMemory, type Memory, type Scope } from "../../host/memory/index.ts";
import { documentNameOf } from "../../host/memory/scope.ts";

export const START_MS = 1_700_000_000_000;
export const HOUR_MS = 3_600_000;

export interface Member {
  readonly replica: Replica;
  readonly memory: Memory;
  readonly clock: { nowMs: number };
  close(): Promise<void>;
}

export async function createMember(storage?: string): Promise<Member> {
  const clock = { nowMs: START_MS };
  const replica = await createReplica({
    engine: "baseline",
    platform: { ...platform, now: () => clock.nowMs },
    ...(storage === undefined ? {} : { storage }),
  });
  const memory = createMemory(replica);
  const close = async (): Promise<void> => {
    await memory.close();
    await replica.close();
  };
  return { replica, memory, clock, close };
}

export function createMembers(count: number): Promise<Member[]> {
  return Promise.all(Array.from({ length: count }, () => createMember()));
}

/** Brings what `from` knows of a scope's owner to `to`. The documents stay open: without a store they live no longer. */
export async function bring(from: Member, to: Member, scope: Scope): Promise<void> {
  const name = documentNameOf(scope);
  const source = await from.replica.open(name);
  const target = await to.replica.open(name);
  target.merge(source.deltaSince(target.versionVector()));
}

/** Brings everything to everybody, until nothing is new. */
export async function bringAll(members: readonly Member[], scope: Scope): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const from of members) for (const to of members) if (from !== to) await bring(from, to, scope);
  }
}

export const said = (text: string, session = "s1", speaker = "Ann") => ({ text, session, speaker });
