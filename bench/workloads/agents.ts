// A fleet of five processes over loopback: tasks from their submission until every process has seen them done. All at once
// for throughput, at a steady rate for latency, and with a process killed every two seconds. Every task must be done.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Member, type Progress, programOf, type Report } from "../agents/members.ts";
import { isRedisInstalled, startRedis } from "../agents/redis.ts";
import { freePort, pause } from "../network/fork.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const PROCESSES = 5;
const SLOTS = 64;
const WITHIN_MS = 120_000;
const STEADY_PER_SECOND = 500;
const CHURN_SLOTS = 4;
const CHURN_TAKES_MS = 40;
const KILL_EVERY_MS = 2_000;
const CHURN_LEASE = { leaseMs: 1_500, heartbeatMs: 400 };

type Moments = readonly (readonly [string, number])[];

interface Fleet {
  readonly members: readonly Member[];
  end(): Promise<void>;
}

const BULLMQ = "bullmq";

async function fleetOf(
  competitor: string,
  slots: number,
  storage: string | undefined,
  lease = { leaseMs: 10_000, heartbeatMs: 3_000 },
): Promise<Fleet> {
  const redis = competitor === BULLMQ ? await startRedis(storage) : undefined;
  const port = redis?.port ?? (await freePort());
  const members = Array.from(
    { length: PROCESSES },
    (_, index) =>
      new Member(
        {
          index,
          engine: competitor === "baseline" ? "baseline" : "wasm",
          port,
          slots,
          storage: storage === undefined ? undefined : join(storage, `member-${index}`),
          ...lease,
        },
        programOf(redis === undefined ? "agents-member" : "agents-bullmq"),
      ),
  );
  await members[0]!.start();
  await Promise.all(members.slice(1).map((member) => member.start()));
  await reportsWhen(members, ({ agents }) => agents === PROCESSES);
  return {
    members,
    end: async () => {
      await Promise.all(members.map((member) => member.kill()));
      await redis?.stop();
    },
  };
}

async function reportsWhen(
  members: readonly Member[],
  holds: (progress: Progress) => boolean,
): Promise<Report[]> {
  const endMs = performance.now() + WITHIN_MS;
  for (;;) {
    const progress = await Promise.all(members.map((member) => member.progress()));
    if (progress.every(holds)) return Promise.all(members.map((member) => member.report()));
    if (performance.now() > endMs) throw new Error(`not within ${WITHIN_MS} ms: ${JSON.stringify(progress)}`);
    await pause(20);
  }
}

/** When each task was seen done by the last process. */
function lastSeen(reports: readonly Report[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const { seen } of reports) {
    for (const [task, atNs] of seen) last.set(task, Math.max(last.get(task) ?? 0, atNs));
  }
  return last;
}

interface Burst {
  readonly seconds: number;
  /** Processor time of all processes so far. */
  readonly cpuMs: number;
  readonly waitsMs: readonly number[];
}

async function burst(
  members: readonly Member[],
  each: number,
  earlier: number,
  perSecond: number,
): Promise<Burst> {
  const submitted: Moments = (
    await Promise.all(members.map((member) => member.submit(each, 0, perSecond / members.length)))
  ).flat();
  const total = earlier + submitted.length;
  const reports = await reportsWhen(members, ({ done }) => done === total);
  for (const { open, duplicates } of reports) {
    if (open !== 0 || duplicates !== 0) throw new Error(`${open} tasks open, ${duplicates} duplicates`);
  }
  const last = lastSeen(reports);
  const waitsMs = submitted.map(([task, atNs]) => (last.get(task)! - atNs) / 1e6).sort((a, b) => a - b);
  const first = submitted.reduce((least, [, atNs]) => Math.min(least, atNs), Number.POSITIVE_INFINITY);
  const end = submitted.reduce((most, [task]) => Math.max(most, last.get(task)!), 0);
  const cpuMs = reports.reduce((sum, report) => sum + report.cpuMs, 0);
  return { seconds: (end - first) / 1e9, waitsMs, cpuMs };
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;

async function throughput({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const { members, end } = await fleetOf(competitor, SLOTS, undefined);
  const each = isQuick ? 20 : 1_000;
  // Compiled code everywhere before anything is timed.
  const warm = isQuick ? 0 : 200;
  const before = warm > 0 ? (await burst(members, warm, 0, 0)).cpuMs : 0;
  const all = await burst(members, each, warm * PROCESSES, 0);
  const steadyEach = isQuick ? 10 : 300;
  const steady = await burst(members, steadyEach, (warm + each) * PROCESSES, STEADY_PER_SECOND);
  await end();
  const count = each * PROCESSES;
  const figure = (what: string, value: number, unit: string): Figure => ({
    figure: `agents · ${competitor} · ${what}`,
    value,
    unit,
  });
  return {
    samples: [{ workload: "agents", n: count, nsPerOp: (all.seconds * 1e9) / count }],
    figures: [
      figure("tasks a second, at once", count / all.seconds, "1/s"),
      figure("CPU a task, all five processes", ((all.cpuMs - before) * 1_000) / count, "µs"),
      figure("at once, submitted to seen done everywhere, p50", at(all.waitsMs, 0.5), "ms"),
      figure("at once, submitted to seen done everywhere, p99", at(all.waitsMs, 0.99), "ms"),
      figure(
        `${STEADY_PER_SECOND} a second, submitted to seen done everywhere, p50`,
        at(steady.waitsMs, 0.5),
        "ms",
      ),
      figure(
        `${STEADY_PER_SECOND} a second, submitted to seen done everywhere, p99`,
        at(steady.waitsMs, 0.99),
        "ms",
      ),
    ],
    check: `${count} done everywhere`,
  };
}

interface Churned {
  readonly seconds: number;
  readonly kills: number;
  /** Places that nobody was there to use, in place × seconds. */
  readonly lostPlaceSeconds: number;
  readonly attempts: number;
}

/** All tasks at the first process, which is never killed; of the others one after the other is. */
async function churn(
  competitor: string,
  count: number,
  folder: string,
  isKilling: boolean,
): Promise<Churned> {
  const { members, end } = await fleetOf(competitor, CHURN_SLOTS, folder, CHURN_LEASE);
  const start = performance.now();
  const submitted = await members[0]!.submit(count, CHURN_TAKES_MS, 0);
  let kills = 0;
  let lostPlaceSeconds = 0;
  let isOver = false;
  const killing = (async () => {
    while (isKilling && !isOver) {
      await pause(KILL_EVERY_MS);
      if (isOver) return;
      const member = members[1 + (kills++ % (PROCESSES - 1))]!;
      const goneMs = performance.now();
      await member.kill();
      await member.start();
      lostPlaceSeconds += (CHURN_SLOTS * (performance.now() - goneMs)) / 1_000;
    }
  })();
  const isDone = async (): Promise<boolean> => (await members[0]!.progress()).done === submitted.length;
  while (!(await isDone()) && performance.now() - start < WITHIN_MS) await pause(20);
  const seconds = (performance.now() - start) / 1_000;
  isOver = true;
  await killing;
  const last = await reportsWhen(members, ({ done }) => done === submitted.length);
  await end();
  return { seconds, kills, lostPlaceSeconds, attempts: last[0]!.attempts };
}

async function underChurn({ competitor, isQuick, dataFolder }: Circumstances): Promise<Outcome> {
  const count = isQuick ? 100 : 6_000;
  const calm = await churn(competitor, count, join(dataFolder, `calm-${competitor}-${process.pid}`), false);
  const churned = await churn(
    competitor,
    count,
    join(dataFolder, `churn-${competitor}-${process.pid}`),
    true,
  );
  const places = PROCESSES * CHURN_SLOTS;
  // What was done again, and the places of killed processes until they were back, were no time to work in.
  const again = ((churned.attempts - count) * CHURN_TAKES_MS) / 1_000;
  const usedSeconds = churned.seconds - (churned.lostPlaceSeconds + again) / places;
  const figure = (what: string, value: number, unit: string): Figure => ({
    figure: `agents-churn · ${competitor} · ${what}`,
    value,
    unit,
  });
  return {
    samples: [],
    figures: [
      figure("tasks a second without kills", count / calm.seconds, "1/s"),
      figure("tasks a second, a process killed every 2 s", count / churned.seconds, "1/s"),
      figure("kills", churned.kills, "times"),
      figure("executions beyond one a task", churned.attempts - count, "times"),
      figure("place seconds lost", churned.lostPlaceSeconds, "s"),
      figure("throughput with lost time accounted for", (100 * calm.seconds) / usedSeconds, "%"),
      figure("throughput as it was", (100 * calm.seconds) / churned.seconds, "%"),
      figure("completed", 100, "%"),
    ],
    check: `${count} done`,
  };
}

/** Why BullMQ cannot take part here. */
function missing(competitor: string): string | undefined {
  if (competitor !== BULLMQ) return undefined;
  if (!isRedisInstalled()) return "redis-server is not installed";
  if (existsSync(join("bench", "rivals", "node_modules", BULLMQ))) return undefined;
  return "bullmq is not installed: npm install --prefix bench/rivals";
}

export const agents: readonly Workload[] = [
  { name: "agents", competitors: ["wasm", "baseline", BULLMQ], rounds: 3, missing, run: throughput },
  { name: "agents-churn", competitors: ["wasm", BULLMQ], rounds: 1, missing, run: underChurn },
];
