// How a file comes into the job, as a workflow for people to watch: queued → claimed → read → recorded, and the ways
// round. It is a picture of the job and not its engine: what is pending is told by the maps `work` and `files` alone
// (work-view.ts), totals by the ledger. So a step that does not fit where an instance stands is left out, never an
// error, and the coordinator settles at its end what concurrent steps left behind (settleIngestion). An instance is
// named by its path; a file read once costs four entries of its log.

import type { WorkflowDefinition } from "../index.ts";
import type { FleetDocument } from "./schema.ts";

export const INGESTION = {
  name: "ingestion",
  states: ["queued", "claimed", "read", "recorded", "failed", "gone"],
  initial: "queued",
  transitions: [
    { name: "claim", from: ["queued", "failed"], to: "claimed", roles: ["agent"] },
    /** Who claimed it before fell silent or stepped back. */
    { name: "take over", from: ["claimed", "read"], to: "claimed", roles: ["agent"] },
    { name: "read", from: "claimed", to: "read", roles: ["agent"] },
    { name: "record", from: "read", to: "recorded", roles: ["agent"] },
    /** It was not as listed, or could not be read. */
    { name: "fail", from: ["claimed", "read"], to: "failed", roles: ["agent"] },
    /** Who claimed it leaves, or is gone. */
    { name: "release", from: ["claimed", "read"], to: "queued", roles: ["agent", "coordinator"] },
    /** The file changed, or came back. */
    { name: "queue again", from: ["recorded", "failed", "gone"], to: "queued", roles: ["coordinator"] },
    /** It is recorded all the same: by an earlier start, or by an agent whose steps lost to others. */
    {
      name: "find recorded",
      from: ["queued", "claimed", "read", "failed", "gone"],
      to: "recorded",
      roles: ["coordinator"],
    },
    /** The file is no more. */
    {
      name: "drop",
      from: ["queued", "claimed", "read", "recorded", "failed"],
      to: "gone",
      roles: ["coordinator"],
    },
  ],
} as const satisfies WorkflowDefinition;

export type IngestionStep = (typeof INGESTION.transitions)[number]["name"];
type Role = "agent" | "coordinator";

/** Takes a step if it fits where the instance stands; says whether it did. */
export function takeStep(fleet: FleetDocument, path: string, step: IngestionStep, role: Role): boolean {
  const isFitting = fleet.ingestion.available(path, role).includes(step);
  if (isFitting) fleet.ingestion.transition(path, step, { role });
  return isFitting;
}

/** An agent begins with a file. */
export function claimFile(fleet: FleetDocument, path: string, agent: string): void {
  const fitting = fleet.ingestion.available(path, "agent");
  const step = fitting.find((name) => name === "claim" || name === "take over");
  if (step !== undefined) fleet.ingestion.transition(path, step, { role: "agent", context: { agent } });
}

/** What the agent of this name began with and did not record waits again. */
export function releaseFiles(fleet: FleetDocument, agent: string, role: Role = "agent"): void {
  fleet.transact(() => {
    for (const { id, state } of [...fleet.ingestion.instances()]) {
      if (state !== "claimed" && state !== "read") continue;
      if (fleet.ingestion.context(id)?.agent === agent) takeStep(fleet, id, "release", role);
    }
  });
}

/** The coordinator's: puts every instance where its file is by the maps. Returns how many steps that took. */
export function settleIngestion(fleet: FleetDocument): number {
  let steps = 0;
  fleet.transact(() => {
    for (const [path, { digest }] of fleet.work.entries()) {
      const isDone = fleet.files.get(path)?.digest === digest;
      if (settleFile(fleet, path, isDone)) steps++;
    }
    for (const { id, state } of fleet.ingestion.instances()) {
      if (state !== "gone" && !fleet.work.has(id) && takeStep(fleet, id, "drop", "coordinator")) steps++;
    }
  });
  return steps;
}

function settleFile(fleet: FleetDocument, path: string, isDone: boolean): boolean {
  const state = fleet.ingestion.state(path);
  if (state === undefined) fleet.ingestion.start(path);
  if (isDone) return state !== "recorded" && takeStep(fleet, path, "find recorded", "coordinator");
  if (state === "recorded" || state === "gone") return takeStep(fleet, path, "queue again", "coordinator");
  return state === undefined;
}

/** The coordinator's, when nobody reads: what was claimed by an earlier start is free again. */
export function releaseAll(fleet: FleetDocument): void {
  fleet.transact(() => {
    for (const { id, state } of fleet.ingestion.instances()) {
      if (state === "claimed" || state === "read") takeStep(fleet, id, "release", "coordinator");
    }
  });
}
