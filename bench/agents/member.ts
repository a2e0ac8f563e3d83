// One process of the agents benchmark: a replica with an agent, connected to the first process, which serves. It does what
// members.ts asks for, and notes when it saw which task done, by the clock that all processes of a machine share.
import { type AgentFleet, joinFleet } from "../../host/agents/index.ts";
import { createReplica } from "../../host/create-replica.ts";
import type { EngineChoice } from "../../host/index.ts";
import { serve } from "../../host/relay.ts";

export interface MemberSetup {
  readonly index: number;
  readonly engine: EngineChoice;
  /** Of the first process: it listens there, the others connect. */
  readonly port: number;
  readonly slots: number;
  readonly storage: string | undefined;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
}

export type Request =
  | { readonly kind: "set up"; readonly setup: MemberSetup }
  /** Submits so many tasks whose handlers take so long, at so many a second (all at once for 0). */
  | { readonly kind: "submit"; readonly count: number; readonly takesMs: number; readonly perSecond: number }
  | { readonly kind: "progress" }
  | { readonly kind: "report" };

export type Reply =
  | { readonly kind: "ready" }
  | { readonly kind: "submitted"; readonly atNs: readonly (readonly [task: string, atNs: number])[] }
  | { readonly kind: "progress"; readonly agents: number; readonly done: number }
  | {
      readonly kind: "report";
      readonly seen: readonly (readonly [task: string, atNs: number])[];
      readonly open: number;
      readonly duplicates: number;
      readonly attempts: number;
      /** Processor time of this process so far. */
      readonly cpuMs: number;
    };

const nowNs = (): number => Number(process.hrtime.bigint());
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const say = (reply: Reply): void => void process.send?.(reply);

let fleet: AgentFleet;
const seen: [string, number][] = [];

async function setUp({
  index,
  engine,
  port,
  slots,
  storage,
  leaseMs,
  heartbeatMs,
}: MemberSetup): Promise<void> {
  const replica = await createReplica({ engine, ...(storage === undefined ? {} : { storage }) });
  if (index === 0) await serve(replica, { port });
  fleet = await joinFleet(replica, { leaseMs, heartbeatMs });
  fleet.subscribe(({ task, status, before }) => {
    if (status === "done" && before !== "done") seen.push([task, nowNs()]);
  });
  fleet.register({ id: `agent-${index}`, slots }).work("step", async (takesMs: number) => {
    if (takesMs > 0) await pause(takesMs);
  });
  if (index > 0) await replica.connect(`ws://127.0.0.1:${port}`);
}

async function submit(count: number, takesMs: number, perSecond: number): Promise<void> {
  const atNs: [string, number][] = [];
  const hand = (some: number): void => {
    const now = nowNs();
    const ids = fleet.submitMany(
      Array.from({ length: some }, () => ({ kind: "step", input: takesMs, attempts: 100 })),
    );
    for (const id of ids) atNs.push([id, now]);
  };
  if (perSecond === 0) hand(count);
  const start = performance.now();
  while (atNs.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - start) * perSecond) / 1_000));
    if (due > atNs.length) hand(due - atNs.length);
    await pause(1);
  }
  say({ kind: "submitted", atNs });
}

function progress(): void {
  const agents = fleet.agents().filter(({ health }) => health === "well").length;
  say({ kind: "progress", agents, done: fleet.counters().tasks.done ?? 0 });
}

function report(): void {
  const { duplicates } = fleet.counters();
  const all = [...fleet.tasks()];
  const { user, system } = process.cpuUsage();
  say({
    kind: "report",
    seen,
    open: all.filter(({ status }) => status !== "done").length,
    duplicates,
    attempts: all.reduce((sum, { attempts }) => sum + attempts, 0),
    cpuMs: (user + system) / 1_000,
  });
}

process.on("message", (request: Request) => {
  if (request.kind === "set up") void setUp(request.setup).then(() => say({ kind: "ready" }));
  else if (request.kind === "submit") void submit(request.count, request.takesMs, request.perSecond);
  else if (request.kind === "progress") progress();
  else report();
});
process.on("disconnect", () => process.exit());
