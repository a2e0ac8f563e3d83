// A document towards one peer, on a wire that the test holds back.
import { afterEach, expect, it } from "vitest";
import { createReplica, map, type Replica, schema } from "../../host/index.ts";
import { Outbound } from "../../host/net/outbound.ts";
import { Room } from "../../host/net/room.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";

const replicas: Replica[] = [];
afterEach(async () => {
  for (const replica of replicas.splice(0)) await replica.close();
});

it("a peer that got the answer elsewhere while it waited can be taken out of the stream", async () => {
  const replica = await createReplica();
  replicas.push(replica);
  const core = await hostOf(replica).openCore("notes");
  const { notes } = await replica.open("notes", schema({ notes: map<Record<string, number>>() }));
  notes.set("key", 1);
  const room = new Room(core, 0, hostOf(replica).platform);
  const wire = {
    peer: "slow",
    bufferedBytes: Number.POSITIVE_INFINITY,
    sent: 0,
    send: () => {
      wire.sent++;
    },
    resumeBelow: () => {},
  };
  const outbound = new Outbound(room, wire, () => {});
  outbound.subscribe(new VersionVector());
  expect([wire.sent, outbound.isStreaming]).toEqual([0, false]);
  wire.bufferedBytes = 0;
  outbound.subscribe(core.versionVector);
  expect([wire.sent, outbound.isStreaming]).toEqual([1, true]);
  outbound.becomeLazy();
  expect([outbound.isLazy, room.receivers]).toEqual([true, 0]);
  room.close();
});
