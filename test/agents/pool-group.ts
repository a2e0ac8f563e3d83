// Replicas that draw from one pool, each with its own idea of who is a member.

import type { PoolNote } from "../../host/agents/pools/pool-notes.ts";
import { ResourcePool } from "../../host/agents/pools/resource-pool.ts";
import { StrikeOffs } from "../../host/agents/pools/strike-off.ts";
import type { Engine } from "../../host/engine/engine.ts";
import { bounded, type Document, map, type ReplicaId, schema, vote } from "../../host/index.ts";
import { type Member, openGroup } from "../replica/group.ts";

export const Budget = schema({
  rights: bounded(),
  notes: map<Record<string, PoolNote>>(),
  strikes: vote(),
});
export type BudgetDocument = Document<typeof Budget>;

export interface Drawer {
  readonly id: ReplicaId;
  readonly member: Member;
  readonly document: BudgetDocument;
  readonly pool: ResourcePool;
  readonly strikeOffs: StrikeOffs;
  /** Whom it counts as a living member; the test changes it. */
  readonly living: Set<ReplicaId>;
}

export async function openDrawers(engine: Engine, count: number): Promise<Drawer[]> {
  const { members, documents } = await openGroup(engine, Budget, count);
  const ids = members.map(({ replica }) => replica.id);
  return members.map((member, index) => {
    const document = documents[index] as BudgetDocument;
    const living = new Set(ids);
    const shared = {
      replica: member.replica,
      versionVector: () => document.versionVector(),
      members: () => living,
    };
    const strikeOffs = new StrikeOffs({ ...shared, strikes: document.strikes });
    const pool = new ResourcePool({
      ...shared,
      strikeOffs,
      rights: document.rights,
      notes: document.notes,
      transact: (mutate) => document.transact(mutate),
      now: () => member.platform.nowMs,
    });
    return { id: member.replica.id, member, document, pool, strikeOffs, living };
  });
}
