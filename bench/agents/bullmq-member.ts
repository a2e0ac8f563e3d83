// The same process as member.ts with BullMQ instead: a queue, a worker and a listener for what was completed, on a Redis of
// this run's own. Locks last as long as leases do, and are looked through as often.
import { Queue, QueueEvents, Worker } from "bullmq";
import type { MemberSetup, Reply, Request } from "./member.ts";

const NAME = "bench";
/** As many jobs are added in one call as tasks are submitted in one transaction. */
const ADDED_AT_ONCE = 500;

const nowNs = (): number => Number(process.hrtime.bigint());
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const say = (reply: Reply): void => void process.send?.(reply);

let queue: Queue;
let index = 0;
let submitted = 0;
/** Whether processes are killed: one that was away has not heard of all that was completed. */
let isChurned = false;
const seen = new Map<string, number>();

async function setUp(setup: MemberSetup): Promise<void> {
  const connection = { host: "127.0.0.1", port: setup.port, maxRetriesPerRequest: null };
  index = setup.index;
  isChurned = setup.storage !== undefined;
  queue = new Queue(NAME, { connection });
  const events = new QueueEvents(NAME, { connection });
  events.on("completed", ({ jobId }) => {
    if (!seen.has(jobId)) seen.set(jobId, nowNs());
  });
  await events.waitUntilReady();
  const worker = new Worker(
    NAME,
    async ({ data }) => {
      const { takesMs } = data as { takesMs: number };
      if (takesMs > 0) await pause(takesMs);
    },
    {
      connection,
      concurrency: setup.slots,
      lockDuration: setup.leaseMs,
      stalledInterval: setup.leaseMs,
      maxStalledCount: 1_000,
    },
  );
  worker.on("error", () => {});
  await worker.waitUntilReady();
}

async function submit(count: number, takesMs: number, perSecond: number): Promise<void> {
  const atNs: [string, number][] = [];
  const hand = async (some: number): Promise<void> => {
    const jobs = Array.from({ length: some }, () => {
      const jobId = `${index}-${submitted++}`;
      atNs.push([jobId, nowNs()]);
      return { name: "step", data: { takesMs }, opts: { jobId, attempts: 100 } };
    });
    for (let from = 0; from < jobs.length; from += ADDED_AT_ONCE) {
      await queue.addBulk(jobs.slice(from, from + ADDED_AT_ONCE));
    }
  };
  if (perSecond === 0) await hand(count);
  const start = performance.now();
  while (atNs.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - start) * perSecond) / 1_000));
    if (due > atNs.length) await hand(due - atNs.length);
    await pause(1);
  }
  say({ kind: "submitted", atNs });
}

async function progress(): Promise<void> {
  const agents = await queue.getWorkersCount();
  say({ kind: "progress", agents, done: isChurned ? await queue.getCompletedCount() : seen.size });
}

async function report(): Promise<void> {
  const jobs = await queue.getJobs(["completed"]);
  const open = await queue.getJobCountByTypes("waiting", "active", "delayed", "failed");
  const attempts = jobs.reduce((sum, { attemptsStarted }) => sum + attemptsStarted, 0);
  const { user, system } = process.cpuUsage();
  say({
    kind: "report",
    seen: [...seen],
    open,
    duplicates: attempts - jobs.length,
    attempts,
    cpuMs: (user + system) / 1_000,
  });
}

process.on("message", (request: Request) => {
  if (request.kind === "set up") void setUp(request.setup).then(() => say({ kind: "ready" }));
  else if (request.kind === "submit") void submit(request.count, request.takesMs, request.perSecond);
  else if (request.kind === "progress") void progress();
  else void report();
});
process.on("disconnect", () => process.exit());
