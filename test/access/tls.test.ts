// TLS over real sockets: the server is who it says, clients prove who they are, and a relay that would let everybody in
// does not start.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { certificateGuard } from "../../host/access/index.ts";
import { isCrdtError } from "../../host/errors.ts";
import { type Relay, type RelayOptions, serve } from "../../host/relay.ts";
import { createNode, type Node, openHome } from "../net/fleet.ts";

const pem = (name: string): string => readFileSync(join(import.meta.dirname, "certificates", name), "utf8");
const authority = pem("authority.crt");
const server = { key: pem("server.key"), cert: pem("server.crt") };
const robot = { key: pem("robot.key"), cert: pem("robot.crt"), ca: authority };
const intruder = { key: pem("intruder.key"), cert: pem("intruder.crt"), ca: authority };

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function node(id: number, options = {}): Node {
  const made = createNode(id, options);
  closing.push(() => made.replica.close());
  return made;
}

async function relayWith(options: Partial<RelayOptions>): Promise<Relay> {
  const relay = await serve(node(9).replica, { port: 0, ...options });
  closing.push(() => relay.close());
  return relay;
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error) => (isCrdtError(error) ? error.code : `${error}`),
  );
}

it("documents flow over TLS to clients that trust the authority, and to no others", async () => {
  const relay = await relayWith({ tls: server });
  expect(relay.url).toMatch(/^wss:/);
  const [trusting, doubting] = [node(1), node(2)];
  const home = await openHome(trusting);
  home.visits.increment();
  const connection = await trusting.replica.connect(relay.url, { tls: { ca: authority } });
  await connection.synced(home);
  expect(await codeOf(doubting.replica.connect(relay.url))).toBe("connection-failed");
});

it("a client certificate opens the relay to the name in it, with that name's rights", async () => {
  const guard = certificateGuard(new Map([["robot", [{ pattern: "home", right: "write" }]]]));
  const relay = await relayWith({ tls: { ...server, clientCa: authority }, guard });
  const known = node(1);
  const home = await openHome(known);
  home.visits.increment();
  const connection = await known.replica.connect(relay.url, { tls: robot });
  await connection.synced(home);
  expect(await codeOf(node(2).replica.connect(relay.url, { tls: { ca: authority } }))).toBe(
    "connection-failed",
  );
  expect(await codeOf(node(3).replica.connect(relay.url, { tls: intruder }))).toBe("connection-failed");
  guard.revoke("robot");
  expect(await codeOf(node(4).replica.connect(relay.url, { tls: robot }))).toBe("access-denied");
});

it("a certificate nobody knows the name of is turned away", async () => {
  const relay = await relayWith({
    tls: { ...server, clientCa: authority },
    guard: certificateGuard(new Map()),
  });
  expect(await codeOf(node(1).replica.connect(relay.url, { tls: robot }))).toBe("access-denied");
});

it("a relay beyond this machine asks who comes in, or does not start", async () => {
  const guard = certificateGuard(new Map());
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "relay.example"]) {
    expect([host, await codeOf(relayWith({ host }))]).toEqual([host, "insecure-relay"]);
    expect([host, await codeOf(relayWith({ host, tls: server }))]).toEqual([host, "insecure-relay"]);
  }
  for (const options of [{ insecure: true }, { guard }, { tls: { ...server, clientCa: authority } }]) {
    expect(await codeOf(relayWith({ host: "0.0.0.0", ...options }))).toBeUndefined();
  }
  for (const host of ["127.0.0.1", "127.1.2.3", "localhost"])
    expect(await codeOf(relayWith({ host }))).toBeUndefined();
});

it("key and certificate that do not fit are said at once", async () => {
  expect(await codeOf(relayWith({ tls: { key: robot.key, cert: server.cert } }))).toBe("invalid-argument");
  expect(await codeOf(relayWith({ tls: { key: "no key", cert: "no certificate" } }))).toBe(
    "invalid-argument",
  );
});
