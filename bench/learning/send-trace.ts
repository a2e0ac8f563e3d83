// When mutations arise, for judging when to send them: arrivals drawn from one seed, those of recorded histories, the
// cost of a schedule, and what the best schedule would have cost that knows all arrivals (a dynamic program).
import { Random } from "../../host/simulator/random.ts";
import type { WriteTrace } from "./write-trace.ts";

/** Mutations of one turn. */
export interface Arrival {
  readonly atMs: number;
  readonly mutations: number;
}

export interface SendTrace {
  readonly name: string;
  readonly arrivals: readonly Arrival[];
}

export interface SendCost {
  readonly messages: number;
  /** Summed over mutations. */
  readonly waitedMs: number;
  readonly staleMsMax: number;
}

/** Decides by when to send; the shape of SendSchedule. */
export interface Sender {
  arrived(nowMs: number, mutations: number): number;
  sent(): void;
}

export const costOf = ({ messages, waitedMs }: SendCost, costMs: number): number =>
  messages * costMs + waitedMs;

/** Lets a sender go through a trace. */
export function sendAll({ arrivals }: SendTrace, sender: Sender): SendCost {
  let [messages, waitedMs, staleMsMax] = [0, 0, 0];
  let pending: Arrival[] = [];
  let dueMs = Number.POSITIVE_INFINITY;
  const send = (nowMs: number): void => {
    messages++;
    for (const { atMs, mutations } of pending) waitedMs += mutations * (nowMs - atMs);
    staleMsMax = Math.max(staleMsMax, nowMs - pending[0]!.atMs);
    pending = [];
    dueMs = Number.POSITIVE_INFINITY;
    sender.sent();
  };
  for (const arrival of arrivals) {
    if (dueMs < arrival.atMs) send(dueMs);
    pending.push(arrival);
    dueMs = sender.arrived(arrival.atMs, arrival.mutations);
    if (dueMs <= arrival.atMs) send(arrival.atMs);
  }
  if (pending.length > 0) send(dueMs);
  return { messages, waitedMs, staleMsMax };
}

/** Sends at whole multiples of an interval. */
export function fixedInterval(intervalMs: number): Sender {
  return { arrived: (nowMs) => Math.ceil(nowMs / intervalMs) * intervalMs, sent: () => {} };
}

/** The least that messages and waits can cost together. Messages leave with an arrival: waiting on would gain nothing. */
export function offlineOptimum({ arrivals }: SendTrace, costMs: number): number {
  const count = arrivals.length;
  const best = new Float64Array(count + 1);
  for (let last = 1; last <= count; last++) {
    const { atMs } = arrivals[last - 1]!;
    let least = Number.POSITIVE_INFINITY;
    let waitedMs = 0;
    for (let first = last; first >= 1; first--) {
      const { atMs: fromMs, mutations } = arrivals[first - 1]!;
      waitedMs += mutations * (atMs - fromMs);
      // What waits longer than a message costs is cheaper with one more message before it.
      if (waitedMs > costMs * 2 && least < Number.POSITIVE_INFINITY) break;
      least = Math.min(least, best[first - 1]! + costMs + waitedMs);
    }
    best[last] = least;
  }
  return best[count]!;
}

/** The fewest messages a fixed interval needs for the same waits in all, found by bisection over intervals. */
export function fixedMessagesAtEqualWait(trace: SendTrace, waitedMs: number): number {
  let [low, high] = [1e-3, 1e9];
  for (let step = 0; step < 60; step++) {
    const middle = Math.sqrt(low * high);
    if (sendAll(trace, fixedInterval(middle)).waitedMs > waitedMs) high = middle;
    else low = middle;
  }
  return sendAll(trace, fixedInterval(low)).messages;
}

export function recordedSendTrace({ name, writes }: WriteTrace): SendTrace {
  const arrivals: { atMs: number; mutations: number }[] = [];
  for (const { atMs } of writes) {
    const last = arrivals.at(-1);
    if (last?.atMs === atMs) last.mutations++;
    else arrivals.push({ atMs, mutations: 1 });
  }
  return { name, arrivals };
}

/** Arrivals of several kinds: independent ones, people who type, bursts with pauses, heavy tails, a clock, a day. */
export function syntheticSendTraces(seed: number, count: number): SendTrace[] {
  const draw = (name: string, next: (random: Random, atMs: number) => number): SendTrace => {
    const random = new Random("send", name, seed);
    const times: number[] = [];
    let atMs = 0;
    while (times.length < count) {
      atMs += next(random, atMs);
      times.push(atMs);
    }
    return { name, arrivals: times.map((time) => ({ atMs: time, mutations: 1 })) };
  };
  const poisson = [0.05, 0.5, 5, 50].map((rate) =>
    draw(`poisson-${rate}`, (random) => random.exponential(1_000 / rate)),
  );
  const typing = (name: string, writer: number): SendTrace =>
    draw(`${name}-${writer}`, (random) =>
      random.chance(1 / 45) ? random.between(1_500, 25_000) : 180 * Math.exp(0.5 * normal(random)),
    );
  const one = typing("typing", 1);
  return [
    ...poisson,
    one,
    together("three-typing", [one, typing("typing", 2), typing("typing", 3)], count),
    draw("heavy-tail", (random) => 20 * (1 - random.unit()) ** (-1 / 1.3)),
    draw("bursts", (random) =>
      random.chance(1 / 50) ? random.exponential(30_000) : random.exponential(100),
    ),
    draw("clock", (random) => 1_000 + random.between(-25, 25)),
    draw("day", (random, atMs) =>
      random.exponential(20 / (0.02 + 0.5 * Math.max(0, Math.sin(atMs / 120_000)))),
    ),
  ];
}

function together(name: string, traces: readonly SendTrace[], count: number): SendTrace {
  const arrivals = traces.flatMap((trace) => trace.arrivals).sort((left, right) => left.atMs - right.atMs);
  return { name, arrivals: arrivals.slice(0, count) };
}

/** Normally distributed, by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
}
