// A fleet of real processes on loopback, each link through a proxy that delays, throttles, breaks and half-opens it, while
// members are killed with kill -9, stopped with SIGSTOP and started again. When all is well again they must agree, and
// hold every number any of them had called stored. JARVIS_PROCESSES=100 for more of them, JARVIS_SEED for another schedule
// (the order of events is the seed's; what the system makes of it is not).
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, expect, it } from "vitest";
import { FaultProxy, type Faults } from "./fault-proxy.ts";
import { buildMember, Member, type MemberState } from "./members.ts";

const PROCESSES = Number(process.env.JARVIS_PROCESSES ?? 12);
const SEED = Number(process.env.JARVIS_SEED ?? 7);
const RELAYS = Math.max(3, Math.round(PROCESSES / 10));
const STEPS = Number(process.env.JARVIS_STEPS ?? 25);
const STEP_MS = 200;
const STARTS_AT_ONCE = 4;
/** Everybody merges what everybody writes: more processes write less each, so that all together write as much. */
const PAUSE_MS = 200 * Math.max(1, PROCESSES / 12);
/** A slow machine must pass too. */
const AGREE_WITHIN_MS = 180_000;

/** mulberry32, by Tommy Ettinger. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let folder = "";
const members: Member[] = [];
const proxies: FaultProxy[] = [];

beforeAll(buildMember);

afterEach(async () => {
  for (const member of members) member.signal("SIGCONT");
  await Promise.all(members.splice(0).map((member) => member.kill()));
  for (const proxy of proxies.splice(0)) proxy.close();
  await rm(folder, { recursive: true, force: true });
});

/** Relay 0 in the middle, the others connected to it, agents spread over all of them. */
async function startFleet(random: () => number): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "jarvis-processes-"));
  const ports = await Promise.all(Array.from({ length: RELAYS }, freePort));
  const linkTo = async (port: number): Promise<string> => {
    const proxy = await FaultProxy.start(() => port, random);
    proxies.push(proxy);
    return `ws://127.0.0.1:${proxy.port}`;
  };
  for (let index = 0; index < PROCESSES; index++) {
    const isRelay = index < RELAYS;
    const name = isRelay ? `relay-${index}` : `agent-${index}`;
    const upstreamPort = isRelay ? ports[0]! : ports[index % RELAYS]!;
    members.push(
      new Member({
        name,
        storage: join(folder, name),
        pauseMs: PAUSE_MS,
        ...(isRelay && { port: ports[index]! }),
        ...(index > 0 && { upstream: await linkTo(upstreamPort) }),
      }),
    );
  }
  for (let first = 0; first < members.length; first += STARTS_AT_ONCE) {
    await Promise.all(members.slice(first, first + STARTS_AT_ONCE).map((member) => member.start()));
  }
}

/** Kills, stops and disturbs, one thing a step; gives what waits to be put right. */
async function disturb(random: () => number): Promise<readonly Promise<void>[]> {
  const repairs: Promise<void>[] = [];
  const stopped = new Set<Member>();
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const faults: readonly (() => Partial<Faults>)[] = [
    () => ({ delayMs: 50 + random() * 500 }),
    () => ({ bytesPerSecond: 500 + random() * 20_000 }),
    () => ({ resetChance: 0.05 + random() * 0.3, delayMs: random() * 50 }),
    () => ({ isHalfOpen: true }),
    () => ({ isCut: true }),
    () => ({}),
  ];
  for (let step = 0; step < STEPS; step++) {
    const what = random();
    const member = pick(members);
    const backAfterMs = 200 + random() * 1_500;
    if (what < 0.25 && member.isRunning && !stopped.has(member)) {
      await member.kill();
      repairs.push(sleep(backAfterMs).then(() => member.start()));
    } else if (what < 0.45 && member.isRunning && !stopped.has(member)) {
      stopped.add(member);
      member.signal("SIGSTOP");
      const goOn = () => {
        member.signal("SIGCONT");
        stopped.delete(member);
      };
      repairs.push(sleep(backAfterMs * 2).then(goOn));
    } else pick(proxies).set(pick(faults)());
    await sleep(STEP_MS);
  }
  return repairs;
}

async function untilAgreed(): Promise<MemberState[]> {
  const deadline = performance.now() + AGREE_WITHIN_MS;
  for (;;) {
    const states = await Promise.all(members.map((member) => member.state()));
    const found = new Set(states.map(({ digest, vector }) => `${digest} ${vector}`));
    if (found.size === 1) return states;
    if (performance.now() > deadline) {
      const totals = states.map(({ total }, index) => `${members[index]!.options.name}: ${total}`);
      throw new Error(`seed ${SEED}: ${found.size} different states\n${totals.join("\n")}`);
    }
    await sleep(500);
  }
}

it(`${PROCESSES} processes agree after kill -9, SIGSTOP and bad links (seed ${SEED})`, {
  timeout: 600_000 + PROCESSES * 10_000,
}, async () => {
  const random = seeded(SEED);
  await startFleet(random);
  const repairs = await disturb(random);
  await Promise.all(repairs);
  for (const proxy of proxies) proxy.set({});
  await Promise.all(members.slice(RELAYS).map((member) => member.stop()));
  const healedMs = performance.now();
  const states = await untilAgreed();
  const agreedMs = Math.round(performance.now() - healedMs);
  const { total } = states[0]!;
  const found = new Set(await members[0]!.written());
  const lost = members.flatMap(({ stored }) =>
    Object.entries(stored).flatMap(([life, last]) =>
      Array.from({ length: last }, (_, index) => `${life}:${index + 1}`).filter((text) => !found.has(text)),
    ),
  );
  expect(members.flatMap(({ losses }) => losses)).toEqual([]);
  expect(lost).toEqual([]);
  expect(total).toBe(found.size);
  const starts = members.reduce((sum, member) => sum + member.starts, 0);
  const counts = proxies.reduce(
    (sum, proxy) => ({
      resets: sum.resets + proxy.counts.resets,
      delayed: sum.delayed + proxy.counts.delayed,
      swallowed: sum.swallowed + proxy.counts.swallowed,
    }),
    { resets: 0, delayed: 0, swallowed: 0 },
  );
  expect(starts).toBeGreaterThan(PROCESSES);
  expect(counts.resets + counts.delayed + counts.swallowed).toBeGreaterThan(0);
  const mebibytes = states.map(({ residentBytes }) => residentBytes / 2 ** 20);
  const memory = `${Math.round(mebibytes.reduce((sum, size) => sum + size))} MiB resident, ${Math.round(Math.max(...mebibytes))} at most`;
  console.log(
    `${PROCESSES} processes, ${starts} starts, ${total} writes, ${JSON.stringify(counts)}, agreed ${agreedMs} ms after, ${memory}`,
  );
});
