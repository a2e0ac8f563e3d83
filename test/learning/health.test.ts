// Health: it falls with every fault, one at a time and on a real connection, comes back when that heals, and is unknown of nothing.
import { expect, it } from "vitest";
import { type HealthSignal, healthOf } from "../../host/learning/index.ts";
import { createNode, openHome } from "../net/fleet.ts";
import { VirtualTime } from "../net/virtual-time.ts";

const WELL: readonly HealthSignal[] = [
  { name: "lag", value: 0, well: 0, failed: 100 },
  { name: "peers", value: 3, well: 3, failed: 0 },
  { name: "disk free", value: 0.5, well: 0.2, failed: 0.02 },
  { name: "operations that succeed", value: 1, well: 1, failed: 0.9 },
];

it("is whole where all is well, and falls with each signal alone", () => {
  expect(healthOf(WELL)).toMatchObject({ value: 1, unknown: [] });
  for (const [place, { name, well, failed }] of WELL.entries()) {
    const worse = [0.5, 1, 2].map((share) => {
      const signals = WELL.map((signal, other) =>
        other === place ? { ...signal, value: well + share * (failed - well) } : signal,
      );
      expect(healthOf(signals).worst).toBe(name);
      return healthOf(signals).value!;
    });
    expect(worse[0]).toBeLessThan(1);
    expect(worse[1]).toBeLessThan(0.2);
    expect(worse[2]).toBe(worse[1]);
  }
});

it("is unknown where nothing is, and names what it does not know", () => {
  expect(healthOf([])).toEqual({ value: undefined, worst: undefined, unknown: [] });
  const blind = WELL.map((signal, place) => ({ ...signal, value: place === 0 ? Number.NaN : undefined }));
  expect(healthOf(blind)).toEqual({
    value: undefined,
    worst: undefined,
    unknown: WELL.map(({ name }) => name),
  });
  expect(healthOf([...blind.slice(1), WELL[0]!])).toMatchObject({
    value: 1,
    unknown: expect.arrayContaining(["peers"]),
  });
  expect(() => healthOf([{ name: "lag", value: 1, well: 2, failed: 2 }])).toThrow("lag is well at 2");
});

it("falls when a connection is cut while writes go on, and comes back when it is made again", async () => {
  const time = new VirtualTime(3);
  const options = { timing: { heartbeatMs: 1e7, repairMs: 1e7, handshakeMs: 1e6 } };
  const [client, server] = [createNode(1, options, time.platform()), createNode(2, options, time.platform())];
  const [mine] = [await openHome(client), await openHome(server)];
  const connect = async () => {
    const [left, right] = time.transports();
    server.hub.attach(right, "server");
    client.hub.attach(left, "client");
    await time.advance(200);
    return left;
  };
  let acknowledged = 0;
  const health = () => {
    const sessions = client.hub.sessions;
    for (const session of sessions) for (const link of session.links) acknowledged = link.mergedSequence;
    const written = [...client.host.documents()][0]!.versionVector.get(client.host.id);
    return healthOf([
      { name: "peers", value: sessions.length, well: 1, failed: 0 },
      { name: "not acknowledged", value: written - acknowledged, well: 5, failed: 50 },
    ]);
  };
  const transport = await connect();
  mine.visits.increment();
  await time.advance(200);
  expect(health().value).toBe(1);
  transport.terminate();
  for (let count = 0; count < 20; count++) {
    mine.visits.increment();
    await time.advance(10);
  }
  expect(health().value).toBeLessThan(0.1);
  await connect();
  await time.advance(200);
  expect(health().value).toBe(1);
  await client.replica.close();
  await server.replica.close();
});
