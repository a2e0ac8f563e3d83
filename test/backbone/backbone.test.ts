// Relays over a real NATS server: they converge, publish once, forward to their clients, and start from what is stored.
import { connect } from "@nats-io/transport-node";
import { afterEach, expect, it } from "vitest";
import { encodeDeltas } from "../../host/backbone/messages.ts";
import { Subjects } from "../../host/backbone/subjects.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { writeDeltaHeader } from "../../host/wire/delta-header.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { describeWithNats } from "./describe-with-nats.ts";
import { closeAll, createClient, createRelay, openHome, QUICK, until, untilEqual } from "./relays.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

describeWithNats("relays on one backbone", (start) => {
  afterEach(closeAll);

  it("converge, each forwarding to its own clients", async () => {
    const { url } = await start();
    const [left, right] = [await createRelay({ servers: url }), await createRelay({ servers: url })];
    const [writer, reader] = [await createClient(), await createClient()];
    await writer.connect(left.relay.url);
    await reader.connect(right.relay.url);
    const [home, afar] = [await openHome(writer), await openHome(reader)];
    for (let index = 0; index < 200; index++) {
      home.visits.increment();
      afar.settings.set(`key ${index}`, index);
      if (index % 10 === 0) await turn();
    }
    await until(() => home.settings.size === 200 && afar.visits.value === 200);
    await untilEqual([left.replica, right.replica, writer, reader]);
    expect([left.backbone.status, right.backbone.status]).toEqual(["online", "online"]);
  });

  it("publish only what did not come from the backbone, and nothing circles", async () => {
    const { url } = await start();
    const [left, right] = [await createRelay({ servers: url }), await createRelay({ servers: url })];
    const [home] = [await openHome(left.replica), await openHome(right.replica)];
    await Promise.all([left.backbone.caughtUp(), right.backbone.caughtUp()]);
    for (let index = 0; index < 50; index++) {
      home.visits.increment();
      await turn();
    }
    await untilEqual([left.replica, right.replica]);
    // Whatever circled would do so now.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(right.backbone.statistics).toMatchObject({ published: 0, fills: 0 });
    const { statistics } = left.backbone;
    expect(statistics.deltasPublished - statistics.fills).toBe(50);
    expect(statistics.deltasMerged).toBe(0);
  });

  it("publish a delta that both have once", async () => {
    const { url } = await start();
    const [left, right] = [await createRelay({ servers: url }), await createRelay({ servers: url })];
    const [writer] = [await createClient()];
    const toLeft = await writer.connect(left.relay.url);
    const toRight = await writer.connect(right.relay.url);
    const home = await openHome(writer);
    await Promise.all([toLeft.synced(), toRight.synced()]);
    await Promise.all([left.backbone.caughtUp(), right.backbone.caughtUp()]);
    for (let index = 0; index < 50; index++) {
      home.visits.increment();
      await Promise.all([toLeft.synced(), toRight.synced()]);
    }
    await untilEqual([left.replica, right.replica, writer]);
    const both = [left.backbone.statistics, right.backbone.statistics];
    const [published, duplicates] = (["published", "duplicates"] as const).map((name) =>
      both.reduce((total, statistics) => total + statistics[name], 0),
    );
    expect(duplicates).toBeGreaterThan(0);
    expect(published! - duplicates!).toBeLessThanOrEqual(55);
  });

  it("serve a client that moves from one to the other without losing or repeating anything", async () => {
    const { url } = await start();
    const [left, right] = [await createRelay({ servers: url }), await createRelay({ servers: url })];
    const client = await createClient();
    const home = await openHome(client);
    for (let move = 0; move < 4; move++) {
      const connection = await client.connect((move % 2 === 0 ? left : right).relay.url);
      for (let index = 0; index < 25; index++) home.visits.increment();
      await connection.synced();
      for (let index = 0; index < 5; index++) home.events.append(move * 5 + index);
      // Not waited for: what the first relay did not take the second must.
      await connection.close();
    }
    const last = await client.connect(left.relay.url);
    await last.synced();
    await untilEqual([left.replica, right.replica, client]);
    const there = await openHome(right.replica);
    expect(there.visits.value).toBe(100);
    expect(
      there.events
        .entries()
        .map(({ value }) => value)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it("start from a snapshot and what the stream has behind it", async () => {
    const { url } = await start();
    const options = { servers: url, snapshotEvery: 40 };
    const first = await createRelay(options);
    const home = await openHome(first.replica);
    await first.backbone.caughtUp();
    for (let index = 0; index < 130; index++) {
      home.settings.set(`key ${index}`, index);
      await turn();
      const written = Math.floor((index + 1) / 40);
      if (index % 40 === 39) await until(() => first.backbone.statistics.snapshotsWritten >= written);
    }
    home.visits.increment(7);
    await until(() => first.backbone.unpublished === 0);
    await first.close();

    const fresh = await createRelay(options);
    const there = await openHome(fresh.replica);
    await fresh.backbone.caughtUp();
    expect([there.settings.size, there.visits.value]).toEqual([130, 7]);
    expect(fresh.backbone.statistics).toMatchObject({ snapshotsRead: 1, repairs: 0, ignored: 0 });
    expect(fresh.backbone.statistics.received).toBeLessThan(130);
  });

  it("keep two snapshots of a document, whoever wrote them", async () => {
    const server = await start();
    const options = { servers: server.url, snapshotEvery: 10 };
    const pair = [await createRelay(options), await createRelay(options)];
    const homes = await Promise.all(pair.map(({ replica }) => openHome(replica)));
    await Promise.all(pair.map(({ backbone }) => backbone.caughtUp()));
    const written = () =>
      pair.reduce((count, { backbone }) => count + backbone.statistics.snapshotsWritten, 0);
    for (let round = 1; round <= 5; round++) {
      for (let index = 0; index < 10; index++) {
        for (const home of homes) home.visits.increment();
        await turn();
      }
      await until(() => written() >= round);
    }
    for (const { close } of pair) await close();
    expect(await server.objects("jarvis-default-snapshots")).toBe(2);
  });

  it("hold back what came before the thing it builds on", async () => {
    const { url } = await start();
    const [first, second] = [await createClient(), await createClient()];
    const [early, late] = [await openHome(first), await openHome(second)];
    early.settings.set("early", 1);
    const [earlyCore, lateCore] = [
      await hostOf(first).openCore("home"),
      await hostOf(second).openCore("home"),
    ];
    const earlyDelta = earlyCore.deltaSince(new VersionVector());
    lateCore.merge(earlyDelta, "test");
    const requires = lateCore.versionVector.clone();
    const deltas: Uint8Array[] = [];
    lateCore.onDelta((delta) => deltas.push(delta.bytes));
    late.settings.set("late", 2);
    lateCore.flushLocal();

    const relay = await createRelay({ servers: url });
    const home = await openHome(relay.replica);
    await relay.backbone.caughtUp();
    const nats = await connect({ servers: url });
    const subject = new Subjects("default").deltasOf("home");
    const publisher = "00000000000000aa" as ReplicaId;
    nats.publish(subject, encodeDeltas({ relay: publisher, requires, deltas }));
    await nats.flush();
    await until(() => relay.backbone.statistics.received === 1);
    expect(home.settings.size).toBe(0);
    const none = new VersionVector();
    nats.publish(subject, encodeDeltas({ relay: publisher, requires: none, deltas: [earlyDelta] }));
    await until(() => home.settings.size === 2);
    await untilEqual([relay.replica, second]);
    await nats.close();
  });

  it("leave out what nobody has the base of, and go on", async () => {
    const { url } = await start();
    const relay = await createRelay({ servers: url, snapshotEvery: 5, timing: { ...QUICK, holdMs: 100 } });
    const home = await openHome(relay.replica);
    await relay.backbone.caughtUp();
    const nats = await connect({ servers: url });
    const publisher = "00000000000000aa" as ReplicaId;
    const requires = new VersionVector([[publisher, 7]]);
    nats.publish(
      new Subjects("default").deltasOf("home"),
      encodeDeltas({ relay: publisher, requires, deltas: [] }),
    );
    await until(() => relay.backbone.statistics.ignored === 1);
    for (let index = 0; index < 5; index++) {
      home.visits.increment();
      await turn();
    }
    await until(() => relay.backbone.statistics.snapshotsWritten === 1);
    await nats.close();
  });

  it("leave out what waited and cannot be merged, and merge what waits behind it", async () => {
    const { url } = await start();
    const relay = await createRelay({ servers: url });
    const home = await openHome(relay.replica);
    await relay.backbone.caughtUp();
    const other = await createClient();
    const afar = await openHome(other);
    afar.settings.set("good", 1);
    const good = afar.deltaSince(new VersionVector());
    const writer = new ByteWriter();
    const stranger = "00000000000000aa" as ReplicaId;
    const replicas = [{ id: stranger, base: 0, to: 1 }];
    writeDeltaHeader(writer, { kind: "stream", baseTimestamp: 0, replicas, containers: [] });
    writer.append(new Uint8Array(40));
    const nats = await connect({ servers: url });
    const subject = new Subjects("default").deltasOf("home");
    const requires = new VersionVector([[hostOf(relay.replica).id, 1]]);
    for (const delta of [writer.toBytes(), good]) {
      nats.publish(subject, encodeDeltas({ relay: stranger, requires, deltas: [delta] }));
    }
    await nats.flush();
    await until(() => relay.backbone.statistics.received === 2);
    home.visits.increment();
    await until(
      () => home.settings.size === 1,
      () => "",
      5_000,
    );
    expect(relay.backbone.statistics.ignored).toBe(1);
    await nats.close();
  });

  it("learn of documents that only another one's store held before", async () => {
    const { url } = await start();
    const older = await createClient();
    const before = await openHome(older);
    for (let index = 0; index < 300; index++) before.settings.set(`key ${index}`, index);
    const [left, right] = [await createRelay({ servers: url }), await createRelay({ servers: url })];
    await openHome(left.replica);
    await openHome(right.replica);
    const connection = await older.connect(left.relay.url);
    await connection.synced();
    await untilEqual([left.replica, right.replica, older]);
  });

  it("carry documents of many shards and of odd names", async () => {
    const { url } = await start();
    const [left, right] = [await createRelay({ servers: url }), await createRelay({ servers: url })];
    const names = [
      ...Array.from({ length: 20 }, (_, index) => `fleet/${index}`),
      "a.b > *",
      "Ümläute 🏠",
      "=2F",
    ];
    for (const name of names) (await openHome(left.replica, name)).visits.increment();
    for (const name of names) await openHome(right.replica, name);
    for (const name of names) await untilEqual([left.replica, right.replica], name);
    expect((await openHome(right.replica, "a.b > *")).visits.value).toBe(1);
  });

  it("carry what does not fit into one message", async () => {
    const { url } = await start();
    const [left, right] = [await createRelay({ servers: url }), await createRelay({ servers: url })];
    const [home, there] = [await openHome(left.replica), await openHome(right.replica)];
    await Promise.all([left.backbone.caughtUp(), right.backbone.caughtUp()]);
    home.transact(() => {
      for (let index = 0; index < 20_000; index++)
        home.settings.set(`a key of some length ${index}`, index * 0.37);
    });
    await until(() => there.settings.size === 20_000);
    await untilEqual([left.replica, right.replica]);
    await until(() => left.backbone.unpublished + right.backbone.unpublished === 0);
    const both = [left.backbone.statistics, right.backbone.statistics];
    expect(both.reduce((count, { published }) => count + published, 0)).toBe(0);
    expect(both.reduce((count, { snapshotsWritten }) => count + snapshotsWritten, 0)).toBeGreaterThan(0);
  });
});
