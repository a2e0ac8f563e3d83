// What a guard allows is what happens: documents held back until somebody is admitted, readers that cannot write, grants
// that expire, are renewed, change or are taken back in the middle of a session.
import { expect, it } from "vitest";
import {
  createSigningKey,
  type GrantRow,
  issueToken,
  tokenGuard,
  verifyingKeyOf,
} from "../../host/access/index.ts";
import { isCrdtError } from "../../host/errors.ts";
import {
  CREDENTIAL_BYTES_MAX,
  CREDENTIALS_A_MINUTE_MAX,
  UNADMITTED_DOCUMENTS_MAX,
} from "../../host/limits.ts";
import { encodeExtensionFrame } from "../../host/net/extension.ts";
import type { Grant } from "../../host/net/grant.ts";
import type { Guard } from "../../host/net/guard.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { platform } from "../../host/platform/node.ts";
import type { Transport } from "../../host/platform/transport.ts";
import type { Connection, CredentialSource } from "../../host/replica/ports.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { converged, createNode, type Node, openHome, pause, until } from "../net/fleet.ts";
import { connectScripted, hello } from "../net/scripted-peer.ts";

const QUIET = { timing: { heartbeatMs: 60_000, repairMs: 60, handshakeMs: 5_000 } } as const;
const ACCESS_FEATURE = 1 << 6;

/** A guard that knows names and what each may do. */
class NamedGuard implements Guard {
  readonly grants = new Map<string, Partial<Grant>>();
  readonly #listeners = new Set<(id: string) => void>();
  admissions = 0;

  allow(name: string, rows: readonly GrantRow[], lastsMs = Number.POSITIVE_INFINITY): void {
    this.grants.set(name, { rows, expiresAtMs: platform.now() + lastsMs });
  }

  async admit({ credential = "" }: { readonly credential: string | undefined }): Promise<Grant> {
    this.admissions++;
    const grant = this.grants.get(credential);
    if (grant === undefined) {
      const { CrdtError } = await import("../../host/errors.ts");
      throw new CrdtError("access-denied", "nobody of that name");
    }
    return { subject: credential, id: credential, rows: [], expiresAtMs: Number.POSITIVE_INFINITY, ...grant };
  }

  revoke(id: string): void {
    this.grants.delete(id);
    for (const listener of this.#listeners) listener(id);
  }

  onRevoke(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const ALL: readonly GrantRow[] = [{ pattern: "*", right: "write" }];
const READ: readonly GrantRow[] = [{ pattern: "*", right: "read" }];

function guarded(): { readonly server: Node; readonly guard: NamedGuard } {
  const guard = new NamedGuard();
  return { guard, server: createNode(9, { ...QUIET, guard }) };
}

/** A replica whose connections lead to `server` over memory. */
function clientOf(server: Node, id: number): { readonly node: Node; readonly transports: Transport[] } {
  const transports: Transport[] = [];
  const connect = async () => {
    const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
    server.hub.attach(right, "server");
    transports.push(left);
    return left;
  };
  return { node: createNode(id, QUIET, { ...platform, connect }), transports };
}

const connect = (node: Node, credential?: CredentialSource): Promise<Connection> =>
  node.replica.connect("memory:", credential === undefined ? {} : { credential });

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error) => (isCrdtError(error) ? error.code : `${error}`),
  );
}

it("who is admitted reads and writes; who is not is turned away before any document", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", ALL);
  const [ada, eve] = [clientOf(server, 1).node, clientOf(server, 2).node];
  const home = await openHome(ada);
  home.visits.increment(3);
  const stolen = await openHome(eve);
  const connection = await connect(ada, "ada");
  await connection.synced(home);
  expect(await codeOf(connect(eve, "eve"))).toBe("access-denied");
  expect(await codeOf(connect(eve))).toBe("access-denied");
  expect([stolen.visits.value, server.hub.sessions.length]).toEqual([0, 1]);
});

it("a reader sees everything, and nothing it writes leaves it", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", ALL);
  guard.allow("rob", READ);
  const [ada, rob] = [clientOf(server, 1).node, clientOf(server, 2).node];
  const [home, copy] = [await openHome(ada), await openHome(rob)];
  copy.visits.increment(100);
  await connect(ada, "ada");
  const reading = await connect(rob, "rob");
  home.visits.increment(1);
  await until("the reader has it", () => copy.visits.value === 101);
  copy.visits.increment(100);
  home.visits.increment(1);
  await until("the reader has the rest", () => copy.visits.value === 202);
  await pause(200);
  const atServer = [...server.host.documents()][0]!;
  expect(atServer.versionVector.get(rob.replica.id)).toBe(0);
  expect(reading.status).toBe("open");
  expect(reading.lag).toBe(2);
  expect(await codeOf(reading.synced(copy))).toBe("access-denied");
});

it("rights differ by document, and the first pattern that fits counts", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", [
    { pattern: "secret*", right: "none" },
    { pattern: "team/*", right: "write" },
    { pattern: "*", right: "read" },
  ]);
  const { node } = clientOf(server, 1);
  const [team, news, secret] = [
    await openHome(node, "team/a"),
    await openHome(node, "news"),
    await openHome(node, "secret plan"),
  ];
  const connection = await connect(node, "ada");
  for (const document of [team, news, secret]) document.visits.increment();
  await connection.synced(team);
  expect(await codeOf(connection.synced(news))).toBe("access-denied");
  expect(await codeOf(connection.synced(secret))).toBe("connection-closed");
  expect([...server.host.documents()].map(({ name }) => name).sort()).toEqual(["news", "team/a"]);
});

it("a peer that writes although it may only read is cut off, and nothing of it is merged", async () => {
  const { server, guard } = guarded();
  guard.allow("rob", READ);
  const author = createNode(7);
  const written = await openHome(author);
  written.visits.increment(5);
  const bytes = written.snapshot();
  const peer = connectScripted(server);
  peer.say(hello({ features: ACCESS_FEATURE }));
  await peer.hear("hello");
  sendCredential(peer.transport, "rob");
  peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  await peer.hear("start");
  peer.say({ type: "answer", index: 0, totalBytes: bytes.length, offset: 0, part: bytes });
  expect(await peer.hear("goodbye")).toMatchObject({ code: "access-denied", retry: "no" });
  expect([...server.host.documents()][0]!.versionVector.size).toBe(0);
});

it("nobody gets a document before being admitted, whoever asks first", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", ALL);
  const peer = connectScripted(server);
  peer.say(hello({ features: ACCESS_FEATURE }));
  peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  await peer.hear("hello");
  await pause(50);
  expect(peer.heard.map(({ type }) => type)).toEqual(["hello"]);
  expect([...server.host.documents()]).toEqual([]);
  sendCredential(peer.transport, "ada");
  await peer.hear("start");
});

it("nothing else is spoken before being admitted: what extensions know stays here", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", ALL);
  let opened = 0;
  const extension = {
    feature: 1 << 30,
    types: [0x7f],
    open: () => {
      opened++;
      return { receive: () => {}, close: () => {} };
    },
  };
  server.hub.extend(extension);
  const peer = connectScripted(server);
  peer.say(hello({ features: ACCESS_FEATURE | extension.feature }));
  await peer.hear("hello");
  peer.transport.send(encodeExtensionFrame(0x7f, () => {}));
  expect(await peer.hear("goodbye")).toMatchObject({ code: "protocol-error" });
  expect(opened).toBe(0);
  const admitted = connectScripted(server);
  admitted.say(hello({ features: ACCESS_FEATURE | extension.feature }));
  await admitted.hear("hello");
  sendCredential(admitted.transport, "ada");
  await until("it is open to who is admitted", () => opened === 1);
});

it("an old peer that knows nothing of credentials is judged without one", async () => {
  const { server, guard } = guarded();
  const peer = connectScripted(server);
  peer.say(hello());
  expect(await peer.hear("goodbye")).toMatchObject({ code: "access-denied" });
  guard.allow("", READ);
  const guest = connectScripted(server);
  guest.say(hello());
  guest.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  await guest.hear("start");
});

it("a grant that expires ends the session; a source that renews it in time does not notice", async () => {
  const { server, guard } = guarded();
  guard.allow("short", ALL, 400);
  const { node, transports } = clientOf(server, 1);
  const home = await openHome(node);
  let asked = 0;
  const connection = await connect(node, () => {
    guard.allow("short", ALL, 400);
    asked++;
    return "short";
  });
  await until("it was renewed three times", () => asked > 3);
  home.visits.increment();
  await connection.synced(home);
  expect(transports.length).toBe(1);

  guard.allow("once", ALL, 300);
  const other = clientOf(server, 2).node;
  const once = await connect(other, "once");
  await until("it ended", () => once.status === "closed");
  expect(isCrdtError(once.error, "access-denied")).toBe(true);
});

it("a grant taken back ends the session at once, and what it was for is refused", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", ALL);
  const { node } = clientOf(server, 1);
  const home = await openHome(node);
  const connection = await connect(node, "ada");
  await connection.synced(home);
  guard.revoke("ada");
  await until("it ended", () => connection.status === "closed");
  expect(isCrdtError(connection.error, "access-denied")).toBe(true);
  expect(await codeOf(connect(node, "ada"))).toBe("access-denied");
});

it("rights that change begin a new session, in which the new ones hold", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", READ, 400);
  const { node } = clientOf(server, 1);
  const home = await openHome(node);
  home.visits.increment();
  await connect(node, () => {
    const isFirst = guard.admissions === 0;
    guard.allow("ada", isFirst ? READ : ALL, isFirst ? 400 : 60_000);
    return "ada";
  });
  await openHome(server);
  await converged([node, server]);
});

it("an administrator takes a credential back over the wire, and nobody else does", async () => {
  const { server, guard } = guarded();
  guard.allow("root", [{ pattern: "*", right: "admin" }]);
  guard.allow("ada", ALL);
  guard.allow("eve", ALL);
  const [root, ada, eve] = [clientOf(server, 1).node, clientOf(server, 2).node, clientOf(server, 3).node];
  const [asRoot, asAda, asEve] = [
    await connect(root, "root"),
    await connect(ada, "ada"),
    await connect(eve, "eve"),
  ];
  await asEve.revoke("ada");
  await until("the one who may not is out", () => asEve.status === "closed");
  expect(asAda.status).toBe("open");
  await asRoot.revoke("ada");
  await until("it ended", () => asAda.status === "closed");
  expect(asRoot.status).toBe("open");
});

it("a source of credentials that fails is tried again, and says nothing secret", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", ALL);
  const { node } = clientOf(server, 1);
  let calls = 0;
  const failing = connect(node, () => {
    if (++calls < 2) throw new Error("the vault is closed");
    return "ada";
  });
  expect(await codeOf(failing)).toBe("access-denied");
  await connect(node, () => "ada");
});

it("a credential above the limit is refused at either end", async () => {
  const { server, guard } = guarded();
  const long = "x".repeat(CREDENTIAL_BYTES_MAX);
  guard.allow(long, ALL);
  const [fits, tooLong] = [clientOf(server, 1).node, clientOf(server, 2).node];
  await connect(fits, long);
  expect(await codeOf(connect(tooLong, `${long}x`))).toBe("limit-exceeded");
  const peer = connectScripted(server);
  peer.say(hello({ features: ACCESS_FEATURE }));
  await peer.hear("hello");
  sendCredential(peer.transport, `${long}x`);
  expect(await peer.hear("goodbye")).toMatchObject({ code: "protocol-error" });
});

it("a peer that is not admitted can neither fill memory nor keep the guard busy", async () => {
  const { server, guard } = guarded();
  guard.allow("ada", ALL);
  const greedy = connectScripted(server);
  greedy.say(hello({ features: ACCESS_FEATURE }));
  await greedy.hear("hello");
  for (let index = 0; index <= UNADMITTED_DOCUMENTS_MAX; index++) {
    greedy.say({ type: "subscribe", index, name: `document ${index}`, vector: new VersionVector() });
  }
  expect(await greedy.hear("goodbye")).toMatchObject({ code: "protocol-error" });
  const restless = connectScripted(server);
  restless.say(hello({ features: ACCESS_FEATURE }));
  await restless.hear("hello");
  for (let count = 0; count < CREDENTIALS_A_MINUTE_MAX; count++) sendCredential(restless.transport, "ada");
  await until("all are judged", () => guard.admissions === CREDENTIALS_A_MINUTE_MAX);
  sendCredential(restless.transport, "ada");
  expect(await restless.hear("goodbye")).toMatchObject({ code: "protocol-error" });
});

it("a guard that fails lets nobody in, and says nothing of why", async () => {
  const { server, guard } = guarded();
  guard.admit = () => Promise.reject(new Error("secret.example does not answer"));
  const { node } = clientOf(server, 1);
  const error = await connect(node, "ada").catch((reason: Error) => reason);
  expect(isCrdtError(error, "access-denied") && !error.message.includes("secret")).toBe(true);
});

it("signed tokens open a relay, and end with their time", async () => {
  const key = await createSigningKey();
  const guard = tokenGuard({ keys: [verifyingKeyOf(key)], clockToleranceMs: 0 });
  const server = createNode(9, { ...QUIET, guard });
  const { node } = clientOf(server, 1);
  const home = await openHome(node);
  const token = await issueToken(key, { subject: "ada", grants: ALL, lifetimeMs: 2_000 });
  const connection = await connect(node, token);
  await connection.synced(home);
  await until("it ended", () => connection.status === "closed");
  expect(connection.error?.message).not.toContain(token.slice(-20));
});

function sendCredential(transport: Transport, text: string): void {
  const bytes = new TextEncoder().encode(text);
  transport.send(
    encodeExtensionFrame(24, (writer) => {
      writer.u8(0);
      writer.varint(bytes.length);
      writer.append(bytes);
    }),
  );
}
