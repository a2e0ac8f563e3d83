// Limits of one relay on a backbone, just reached and just passed.
import { connect } from "@nats-io/transport-node";
import { afterEach, expect, it } from "vitest";
import type { RelayBackbone } from "../../host/backbone/backbone.ts";
import { encodeDeltas } from "../../host/backbone/messages.ts";
import { Subjects } from "../../host/backbone/subjects.ts";
import { BACKBONE_CATCH_UPS_MAX, BACKBONE_WAITING_BYTES_MAX } from "../../host/limits.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { writeDeltaHeader } from "../../host/wire/delta-header.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { describeWithNats } from "./describe-with-nats.ts";
import { closeAll, createRelay, openHome, QUICK, until } from "./relays.ts";

const STRANGER = "00000000000000aa" as ReplicaId;
const MESSAGES = 8;

describeWithNats("limits of the backbone", (start) => {
  afterEach(closeAll);

  it("BACKBONE_WAITING_BYTES_MAX: messages of so many bytes wait for what they build on, with one byte more none", async () => {
    const server = await start();
    const subjects = new Subjects("default");
    const nats = await connect({ servers: server.url });
    const requires = new VersionVector([[STRANGER, 1]]);
    // Of a delta only the head is looked at before what it requires has come.
    const writer = new ByteWriter();
    const replicas = [{ id: STRANGER, base: 1, to: 2 }];
    writeDeltaHeader(writer, { kind: "stream", baseTimestamp: 0, replicas, containers: [] });
    const head = writer.toBytes();
    const messageWith = (deltaBytes: number) => {
      const delta = new Uint8Array(deltaBytes);
      delta.set(head);
      return encodeDeltas({ relay: STRANGER, requires, deltas: [delta] });
    };
    const messageOf = (bytes: number) => messageWith(bytes - (messageWith(bytes).length - bytes));
    for (const [extra, waited] of [
      [0, MESSAGES],
      [1, 0],
    ] as const) {
      const relay = await createRelay({ servers: server.url, timing: { ...QUICK, holdMs: 1_000 } });
      await openHome(relay.replica, `home ${extra}`);
      await relay.backbone.caughtUp();
      for (let number = 0; number < MESSAGES; number++) {
        const isLast = number === MESSAGES - 1;
        const bytes = BACKBONE_WAITING_BYTES_MAX / MESSAGES + (isLast ? extra : 0);
        nats.publish(subjects.deltasOf(`home ${extra}`), messageOf(bytes));
        await nats.flush();
      }
      await until(() => relay.backbone.statistics.received === MESSAGES);
      const left = () => relay.events.filter(({ message }) => message.includes("built on what nobody gives"));
      if (waited > 0) await until(() => left().length === waited);
      else await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect(left().length).toBe(waited);
      // What waits no more takes no place: the next one waits like the first.
      nats.publish(subjects.deltasOf(`home ${extra}`), messageOf(BACKBONE_WAITING_BYTES_MAX / MESSAGES));
      await until(() => left().length === waited + 1);
      await relay.close();
    }
    await nats.close();
  });

  it("BACKBONE_CATCH_UPS_MAX: of many documents so many are read at the same time", async () => {
    const server = await start();
    const relay = await createRelay({ servers: server.url });
    await until(() => relay.backbone.status === "online");
    const { direct } = (relay.backbone as RelayBackbone).link.manager;
    const getMessage = direct.getMessage.bind(direct);
    let [reading, most, read] = [0, 0, 0];
    direct.getMessage = async (...parameters) => {
      most = Math.max(most, ++reading);
      await new Promise((resolve) => setTimeout(resolve, 30));
      reading--;
      read++;
      return getMessage(...parameters);
    };
    const names = Array.from({ length: 3 * BACKBONE_CATCH_UPS_MAX + 1 }, (_, number) => `home ${number}`);
    await Promise.all(names.map((name) => openHome(relay.replica, name)));
    await relay.backbone.caughtUp();
    expect(read).toBeGreaterThanOrEqual(names.length);
    expect(most).toBe(BACKBONE_CATCH_UPS_MAX);
  });
});
