// NATS goes away, loses its streams, or is handed nonsense: relays serve on, say so, lose nothing they acknowledged, and
// agree again soon after.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { afterEach, expect, it } from "vitest";
import { encodeDeltas, encodeQuestion, encodeVector } from "../../host/backbone/messages.ts";
import { Subjects, shardOf } from "../../host/backbone/subjects.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { describeWithNats } from "./describe-with-nats.ts";
import {
  type BackboneRelay,
  closeAll,
  createClient,
  createRelay,
  openHome,
  until,
  untilEqual,
} from "./relays.ts";

/** The benchmark says how long it takes; here a machine may be twenty times as slow. */
const RECONVERGED_WITHIN_MS = 45_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const kinds = ({ events }: BackboneRelay) => events.map(({ kind }) => kind);

describeWithNats("outages of the backbone", (start) => {
  afterEach(closeAll);

  /** Writes through clients of both relays while `disturb` runs; what was acknowledged must be everywhere after it. */
  async function underWriters(
    relays: readonly [BackboneRelay, BackboneRelay],
    disturb: () => Promise<void>,
  ): Promise<void> {
    let isOver = false;
    const acknowledged = [new Set<number>(), new Set<number>()];
    const writers = await Promise.all(
      relays.map(async ({ relay }, side) => {
        const client = await createClient();
        const connection = await client.connect(relay.url);
        const home = await openHome(client);
        return { client, connection, home, side };
      }),
    );
    const writing = writers.map(async ({ connection, home, side }) => {
      for (let index = 0; !isOver; index++) {
        home.events.append(side * 1_000_000 + index);
        if (index % 10 !== 9) continue;
        await connection.synced();
        for (let known = index - 9; known <= index; known++)
          acknowledged[side]!.add(side * 1_000_000 + known);
        await pause(5);
      }
    });
    await disturb();
    const returnedMs = performance.now();
    isOver = true;
    await Promise.all(writing);
    await untilEqual(relays.map(({ replica }) => replica));
    expect(performance.now() - returnedMs).toBeLessThan(RECONVERGED_WITHIN_MS);
    for (const { replica } of relays) {
      const found = new Set((await openHome(replica)).events.entries().map(({ value }) => value));
      for (const side of acknowledged) {
        expect(side.size).toBeGreaterThan(0);
        expect([...side].filter((value) => !found.has(value))).toEqual([]);
      }
    }
  }

  it("every server killed in the middle of a run: nothing acknowledged is lost", async () => {
    const server = await start();
    const usual = { servers: server.url, timing: {} };
    const pair = [await createRelay(usual), await createRelay(usual)] as const;
    await underWriters(pair, async () => {
      await pause(500);
      await server.kill();
      await until(() => pair.every(({ backbone }) => backbone.status === "degraded"));
      await pause(1_000);
      await server.start();
    });
    for (const relay of pair) expect(kinds(relay)).toEqual(expect.arrayContaining(["online", "degraded"]));
  });

  it("every server killed and all streams lost with it", async () => {
    const server = await start();
    const pair = [
      await createRelay({ servers: server.url }),
      await createRelay({ servers: server.url }),
    ] as const;
    await underWriters(pair, async () => {
      await pause(500);
      await server.kill();
      await server.forget();
      await pause(500);
      await server.start();
    });
    // The stream holds everything again: a relay that starts now with the others gone has it all.
    const home = await openHome(pair[0].replica);
    await until(() => pair.every(({ backbone }) => backbone.unpublished === 0));
    await Promise.all(pair.map((relay) => relay.backbone.close()));
    const fresh = await createRelay({ servers: server.url });
    const there = await openHome(fresh.replica);
    await fresh.backbone.caughtUp();
    expect(there.events.size).toBe(home.events.size);
  });

  it("the streams deleted in the middle of a run are made again and filled", async () => {
    const server = await start();
    const usual = { servers: server.url, timing: {} };
    const pair = [await createRelay(usual), await createRelay(usual)] as const;
    const created = () => pair.flatMap(kinds).filter((kind) => kind === "stream-created").length;
    let createdBefore = 0;
    await underWriters(pair, async () => {
      await pause(500);
      createdBefore = created();
      await server.deleteStreams();
      await pause(500);
    });
    await until(
      () => created() > createdBefore,
      () => pair.map(({ events }) => events),
    );
    // Both follow the new stream, and do not live on asking each other.
    const received = pair.map(({ backbone }) => backbone.statistics.received);
    for (const { replica } of pair) (await openHome(replica)).visits.increment();
    await until(
      () => pair.every(({ backbone }, side) => backbone.statistics.received > received[side]!),
      () =>
        pair.map(({ backbone, events }) => [
          backbone.status,
          backbone.unpublished,
          backbone.statistics,
          events,
        ]),
    );
    await until(() => pair.every(({ backbone }) => backbone.unpublished === 0));
    // The new stream holds everything: a relay that starts now with the others gone has it all.
    const home = await openHome(pair[0].replica);
    await Promise.all(pair.map((relay) => relay.backbone.close()));
    const fresh = await createRelay({ servers: server.url });
    const there = await openHome(fresh.replica);
    await fresh.backbone.caughtUp();
    expect(there.events.size).toBe(home.events.size);
  });

  it.each([
    ["the buckets", /^(KV|OBJ)_/],
    ["the objects alone, so that pointers name nothing", /^OBJ_/],
  ])("snapshots lost with %s: the stream is filled with what they held", async (_what, pattern) => {
    const server = await start();
    const left = await createRelay({ servers: server.url, snapshotEvery: 20 });
    const home = await openHome(left.replica);
    await left.backbone.caughtUp();
    for (let index = 0; index < 30; index++) {
      home.visits.increment();
      await turn();
    }
    await until(() => left.backbone.statistics.snapshotsWritten > 0 && left.backbone.unpublished === 0);
    await server.purgeStreams();
    await server.deleteStreams(pattern);
    const { fills } = left.backbone.statistics;
    await until(
      () => left.backbone.statistics.fills > fills && left.backbone.unpublished === 0,
      () => [left.backbone.statistics, left.events],
    );
    await left.backbone.close();
    const right = await createRelay({ servers: server.url });
    const there = await openHome(right.replica);
    await right.backbone.caughtUp();
    expect(there.visits.value).toBe(30);
  });

  it("messages purged before somebody read them come from another relay", async () => {
    const server = await start();
    const left = await createRelay({ servers: server.url });
    const home = await openHome(left.replica);
    await left.backbone.caughtUp();
    for (let index = 0; index < 30; index++) {
      home.visits.increment();
      await turn();
    }
    await until(() => left.backbone.statistics.published > 0);
    await pause(300);
    await server.purgeStreams();
    const right = await createRelay({ servers: server.url });
    const there = await openHome(right.replica);
    await until(
      () => there.visits.value === 30,
      () => [right.backbone.statistics, right.events],
    );
    expect(right.backbone.statistics.repairs).toBeGreaterThan(0);
    home.visits.increment();
    await until(() => there.visits.value === 31);
  });

  it("a relay that starts without a server serves its clients, says so, and catches up", async () => {
    const server = await start();
    await server.kill();
    const folder = await mkdtemp(join(tmpdir(), "jarvis-backbone-"));
    try {
      const alone = await createRelay({ servers: server.url }, { storage: folder });
      await until(() => kinds(alone).includes("degraded"));
      expect([alone.backbone.status, alone.backbone.server]).toEqual(["degraded", undefined]);
      const client = await createClient();
      const connection = await client.connect(alone.relay.url);
      const home = await openHome(client);
      home.visits.increment(5);
      await connection.synced();
      await server.start();
      const other = await createRelay({ servers: server.url });
      const there = await openHome(other.replica);
      await until(
        () => there.visits.value === 5,
        () => [alone.events, other.events],
      );
      expect([alone.backbone.status, kinds(alone).filter((kind) => kind === "degraded").length]).toEqual([
        "online",
        1,
      ]);
      await closeAll();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("hostile messages are told and ignored", async () => {
    const server = await start();
    const pair = [
      await createRelay({ servers: server.url }),
      await createRelay({ servers: server.url }),
    ] as const;
    const [home, there] = [await openHome(pair[0].replica), await openHome(pair[1].replica)];
    await Promise.all(pair.map(({ backbone }) => backbone.caughtUp()));
    const subjects = new Subjects("default");
    const nats = await connect({ servers: server.url });
    const relay = "00000000000000aa" as ReplicaId;
    const requires = new VersionVector();
    const good = encodeDeltas({ relay, requires, deltas: [new Uint8Array(40).fill(7)] });
    const flipped = good.slice();
    flipped[12]! ^= 1;
    const payloads = [
      new Uint8Array(0),
      new Uint8Array([9]),
      new Uint8Array(700_000).fill(1),
      good,
      flipped,
      good.subarray(0, 20),
    ];
    for (const payload of payloads) {
      nats.publish(subjects.deltasOf("home"), payload);
      nats.publish(subjects.vectorsOf("home"), payload);
      nats.publish(`jarvis.default.ask.*`.replace("*", relay), payload);
      nats.publish(`jarvis.default.${shardOf("home")}.nobody`, payload);
    }
    // What is well-formed and untrue costs a question at most.
    const lie = new VersionVector([[relay, 1_000]]);
    nats.publish(subjects.vectorsOf("home"), encodeVector({ relay, vector: lie, wantsAnswer: true }));
    nats.publish(subjects.deltasOf("home"), encodeDeltas({ relay, requires: lie, deltas: [] }));
    nats.publish(subjects.questionsTo(relay), encodeQuestion({ document: "home", vector: lie }));
    await nats.flush();
    home.visits.increment();
    await until(() => there.visits.value === 1);
    await untilEqual(pair.map(({ replica }) => replica));
    for (const { backbone, events } of pair) {
      expect(backbone.statistics.ignored).toBeGreaterThanOrEqual(2 * payloads.length - 1);
      expect(events.filter(({ kind }) => kind === "ignored").length).toBe(backbone.statistics.ignored);
      expect(backbone.status).toBe("online");
    }
    await nats.close();
  });
});
