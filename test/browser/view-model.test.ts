// What the page shows, worked out where there is no page.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { post } from "../../host/fleet/ledger.ts";
import { type AgentPresence, Fleet, type Job, Presence } from "../../host/fleet/schema.ts";
import { createReplica, type Replica } from "../../host/index.ts";
import { LOG_ENTRIES_SHOWN, type ViewSources, viewOf } from "../../host/page/view-model.ts";

const JOB: Job = { phase: "reading", run: 2, folder: "/texts", startedMs: 1, endedMs: 0, paceMs: 0 };
const AGENT: AgentPresence = {
  name: "agent-1",
  role: "agent",
  pid: 7,
  engine: "wasm",
  state: "reading",
  beat: 1,
  files: 0,
  bytes: 0,
  words: 0,
  sequence: 4,
  known: 10,
  digest: "",
  run: 0,
  bytesSent: 0,
  bytesReceived: 0,
  lag: 0,
  roundTripMs: 0,
};

let replica: Replica;
let sources: ViewSources;

beforeEach(async () => {
  replica = await createReplica({ engine: "baseline" });
  const fleet = await replica.open("fleet", Fleet);
  const presence = await replica.open("presence", Presence);
  const isSilent = (id: string) => id.startsWith("5");
  sources = { fleet, presence, self: "00", digest: "", known: 12, filesDone: 1, isSilent };
});

afterEach(() => replica.close());

describe("viewOf", () => {
  test("of a finished job claims nothing before anybody is seen", () => {
    sources.fleet.job.set({ ...JOB, phase: "finished" });
    expect(viewOf(sources).doAgree).toBe(false);
    expect(viewOf({ ...sources, digest: "d1" }).doAgree).toBe(false);
  });

  test("of empty documents is empty and claims nothing", () => {
    const view = viewOf(sources);
    expect(view).toMatchObject({ job: undefined, filesTotal: 0, replicas: [], log: [], doAgree: undefined });
  });

  test("lists coordinator, agents and pages in that order, those that are gone last, closed pages not at all", () => {
    const { agents } = sources.presence;
    agents.set("00", { ...AGENT, name: "page", role: "page", state: "idle" });
    agents.set("10", { ...AGENT, name: "agent-10" });
    agents.set("11", { ...AGENT, name: "agent-2", state: "lost" });
    agents.set("12", { ...AGENT, name: "agent-9" });
    agents.set("20", { ...AGENT, name: "coordinator", role: "coordinator", state: "idle" });
    agents.set("50", { ...AGENT, name: "agent-3" });
    agents.set("51", { ...AGENT, name: "a closed page", role: "page" });
    const rows = viewOf(sources).replicas;
    expect(rows.map(({ presence, state }) => `${presence.name} ${state}`)).toEqual([
      "coordinator idle",
      "agent-3 silent",
      "agent-9 reading",
      "agent-10 reading",
      "page idle",
      "agent-2 lost",
    ]);
    expect(rows.map(({ behind }) => behind)).toEqual([2, 2, 2, 2, 2, 2]);
  });

  test("finds agreement only at the end of a run, among those that are here", () => {
    const { agents } = sources.presence;
    const told = { state: "finished", run: 2, digest: "d1" } as const;
    agents.set("00", { ...AGENT, ...told, role: "page" });
    agents.set("10", { ...AGENT, ...told });
    agents.set("50", { ...AGENT, ...told, digest: "d2" });
    sources.fleet.job.set(JOB);
    expect(viewOf({ ...sources, digest: "d1" }).doAgree).toBeUndefined();
    sources.fleet.job.set({ ...JOB, phase: "finished" });
    expect(viewOf({ ...sources, digest: "d1" }).doAgree).toBe(true);
    expect(viewOf(sources).doAgree).toBe(false);
    agents.set("10", { ...AGENT, ...told, run: 1 });
    expect(viewOf({ ...sources, digest: "d1" }).doAgree).toBe(false);
    agents.set("10", { ...AGENT, ...told, digest: "d3" });
    const view = viewOf({ ...sources, digest: "d1" });
    expect(view.doAgree).toBe(false);
    expect(view.replicas.find((row) => row.id === "10")?.agreement).toBe("different");
  });

  test("shows the counters, whose part is whose, and the last of the log first", () => {
    const { fleet, presence } = sources;
    presence.agents.set(replica.id, AGENT);
    for (let index = 0; index < LOG_ENTRIES_SHOWN + 5; index++) {
      post(fleet, "read", `file-${index}`, "agent-1", { files: 1, bytes: 10, words: 2, passages: 1 });
    }
    post(fleet, "corrected", "file-0", "coordinator", { files: -1, bytes: -10, words: -2, passages: -1 });
    const view = viewOf(sources);
    expect(view.totals).toEqual({ files: 84, bytes: 840, words: 168, passages: 84, terms: 0 });
    expect(view.contributions).toEqual([
      { id: replica.id, name: "agent-1", files: 84, words: 168, share: 1 },
    ]);
    expect(view.logSize).toBe(86);
    expect(view.log).toHaveLength(LOG_ENTRIES_SHOWN);
    expect(view.log[0]).toMatchObject({ text: "corrected file-0", amount: -2, tone: "warning" });
    expect(view.log[1]).toMatchObject({ text: "file-84", who: "agent-1", amount: 2 });
  });
});
