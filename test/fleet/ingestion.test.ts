// The picture of the job: where it stands after the ways a file can go, and that it never stands in the way of the job.

import { afterEach, describe, expect, test } from "vitest";
import {
  claimFile,
  INGESTION,
  releaseAll,
  releaseFiles,
  settleIngestion,
  takeStep,
} from "../../host/fleet/ingestion.ts";
import { type FileRecord, Fleet, type FleetDocument } from "../../host/fleet/schema.ts";
import { createReplica, type Replica } from "../../host/index.ts";

const replicas: Replica[] = [];

afterEach(async () => {
  for (const replica of replicas.splice(0)) await replica.close();
});

async function open(): Promise<FleetDocument> {
  const replica = await createReplica({ engine: "baseline" });
  replicas.push(replica);
  return replica.open("fleet", Fleet);
}

function sync(from: FleetDocument, to: FleetDocument): void {
  to.merge(from.deltaSince(to.versionVector()));
}

function recordOf(digest: string): FileRecord {
  return { bytes: 1, words: 1, passages: 1, digest, reader: "agent-1" };
}

function list(fleet: FleetDocument, ...files: [string, string][]): void {
  fleet.work.setMany(files.map(([path, digest]) => [path, { bytes: 1, digest }]));
}

/** What an agent does with a file, as far as the picture goes. */
function read(fleet: FleetDocument, path: string, agent: string, digest = "1"): void {
  claimFile(fleet, path, agent);
  takeStep(fleet, path, "read", "agent");
  fleet.files.set(path, recordOf(digest));
  takeStep(fleet, path, "record", "agent");
}

function statesOf(fleet: FleetDocument): Record<string, string> {
  return Object.fromEntries(fleet.ingestion.instances().map(({ id, state }) => [id, state]));
}

describe("the ingestion of a file", () => {
  test("is queued by the coordinator, and claimed, read and recorded by an agent", async () => {
    const fleet = await open();
    list(fleet, ["a.md", "1"], ["b.md", "1"]);
    expect(settleIngestion(fleet)).toBe(2);
    expect(settleIngestion(fleet)).toBe(0);
    read(fleet, "a.md", "agent-1");
    expect(statesOf(fleet)).toEqual({ "a.md": "recorded", "b.md": "queued" });
    expect(fleet.ingestion.context("a.md")).toEqual({ agent: "agent-1" });
    expect(fleet.ingestion.history("a.md").map(({ transition }) => transition)).toEqual([
      undefined,
      "claim",
      "read",
      "record",
    ]);
    expect(settleIngestion(fleet)).toBe(0);
  });

  test("begins again when the file changes, and ends when it is gone", async () => {
    const fleet = await open();
    list(fleet, ["a.md", "1"], ["b.md", "1"]);
    settleIngestion(fleet);
    read(fleet, "a.md", "agent-1");
    list(fleet, ["a.md", "2"]);
    fleet.work.delete("b.md");
    expect(settleIngestion(fleet)).toBe(2);
    expect(statesOf(fleet)).toEqual({ "a.md": "queued", "b.md": "gone" });
    list(fleet, ["b.md", "1"]);
    expect(settleIngestion(fleet)).toBe(1);
    expect(statesOf(fleet)).toEqual({ "a.md": "queued", "b.md": "queued" });
  });

  test("goes back to the queue when its agent leaves, and to another that takes it over", async () => {
    const fleet = await open();
    list(fleet, ["a.md", "1"], ["b.md", "1"], ["c.md", "1"]);
    settleIngestion(fleet);
    for (const path of ["a.md", "b.md", "c.md"]) claimFile(fleet, path, "agent-1");
    takeStep(fleet, "b.md", "read", "agent");
    claimFile(fleet, "c.md", "agent-2");
    expect(fleet.ingestion.context("c.md")).toEqual({ agent: "agent-2" });
    releaseFiles(fleet, "agent-1", "coordinator");
    expect(statesOf(fleet)).toEqual({ "a.md": "queued", "b.md": "queued", "c.md": "claimed" });
    releaseAll(fleet);
    expect(statesOf(fleet)["c.md"]).toBe("queued");
  });

  test("may fail and be claimed again", async () => {
    const fleet = await open();
    list(fleet, ["a.md", "1"]);
    settleIngestion(fleet);
    claimFile(fleet, "a.md", "agent-1");
    expect(takeStep(fleet, "a.md", "fail", "agent")).toBe(true);
    expect(settleIngestion(fleet)).toBe(0);
    read(fleet, "a.md", "agent-2");
    expect(statesOf(fleet)).toEqual({ "a.md": "recorded" });
  });

  test("leaves out a step that does not fit, and one of who may not take it", async () => {
    const fleet = await open();
    expect(takeStep(fleet, "unknown.md", "record", "agent")).toBe(false);
    list(fleet, ["a.md", "1"]);
    settleIngestion(fleet);
    expect(takeStep(fleet, "a.md", "record", "agent")).toBe(false);
    expect(takeStep(fleet, "a.md", "find recorded", "agent")).toBe(false);
    expect(fleet.ingestion.history("a.md")).toHaveLength(1);
  });

  test("is settled where agents that were cut off both read, or one was taken for gone", async () => {
    const [hub, left, right] = [await open(), await open(), await open()];
    list(hub, ["a.md", "1"], ["b.md", "1"]);
    settleIngestion(hub);
    sync(hub, left);
    sync(hub, right);
    read(left, "a.md", "left");
    read(right, "a.md", "right");
    claimFile(left, "b.md", "left");
    sync(left, hub);
    releaseFiles(hub, "left", "coordinator");
    takeStep(left, "b.md", "read", "agent");
    left.files.set("b.md", recordOf("1"));
    takeStep(left, "b.md", "record", "agent");
    for (const document of [left, right]) sync(document, hub);
    settleIngestion(hub);
    expect(statesOf(hub)).toEqual({ "a.md": "recorded", "b.md": "recorded" });
    for (const document of [left, right]) {
      sync(hub, document);
      expect(statesOf(document)).toEqual(statesOf(hub));
      expect(document.digest()).toBe(hub.digest());
    }
  });

  test("of files that an earlier program recorded without it is taken up", async () => {
    const fleet = await open();
    list(fleet, ["a.md", "1"], ["b.md", "1"]);
    fleet.files.set("a.md", recordOf("1"));
    settleIngestion(fleet);
    expect(statesOf(fleet)).toEqual({ "a.md": "recorded", "b.md": "queued" });
    expect(settleIngestion(fleet)).toBe(0);
  });

  test("names every state in some transition", () => {
    const reached = new Set<string>([INGESTION.initial, ...INGESTION.transitions.map(({ to }) => to)]);
    expect([...reached].sort()).toEqual([...INGESTION.states].sort());
  });
});
