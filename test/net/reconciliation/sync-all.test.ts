// All stored documents kept in sync through comparison: what nobody has open travels both ways and is closed again,
// what is equal is never opened, and what a peer may not see is not shown to it.
import { afterEach, describe, expect, it } from "vitest";
import { createReplica } from "../../../host/create-replica.ts";
import type { Hub } from "../../../host/net/index.ts";
import { hubOf } from "../../../host/net/index.ts";
import { createMemoryTransports } from "../../../host/platform/memory-transport.ts";
import { platform as nodePlatform } from "../../../host/platform/node.ts";
import type { Platform } from "../../../host/platform/platform.ts";
import type { ReplicaHost } from "../../../host/replica/ports.ts";
import { hostOf, type Replica } from "../../../host/replica/replica.ts";
import { fingerprintOfVector } from "../../../host/wire/fingerprint.ts";
import { createSimulatedPlatform, type MemoryDisk } from "../../platform/simulated-platform.ts";
import { Home, until } from "../fleet.ts";

interface Member {
  readonly replica: Replica;
  readonly host: ReplicaHost;
  readonly hub: Hub;
  readonly disk: MemoryDisk;
  /** Names of documents as they were opened. */
  readonly opened: string[];
}

const open: Replica[] = [];
afterEach(async () => {
  for (const replica of open.splice(0)) await replica.close().catch(() => {});
});

/** A replica with a store in memory; given a disk it comes back with what that holds. */
async function createMember(disk?: MemoryDisk): Promise<Member> {
  const world = createSimulatedPlatform();
  if (disk !== undefined) world.disks.set("data", disk);
  const platform: Platform = { ...nodePlatform, openStorage: (location) => world.openStorage(location) };
  const replica = await createReplica({ platform, storage: "data", engine: "baseline" });
  open.push(replica);
  const host = hostOf(replica);
  const opened: string[] = [];
  host.onOpen((core) => opened.push(core.name));
  return { replica, host, hub: hubOf(host), disk: world.disks.get("data")!, opened };
}

/** Writes documents and closes them. */
async function write(member: Member, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const home = await member.replica.open(name, Home);
    home.visits.increment();
    await home.close();
  }
  member.opened.length = 0;
}

async function reopen(member: Member): Promise<Member> {
  await member.replica.close();
  return createMember(member.disk);
}

function join(client: Member, server: Member): () => void {
  const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
  server.hub.attach(right, "server");
  client.hub.attach(left, "client");
  return () => left.terminate();
}

const namesOf = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${kind} ${index}`);
const visitsOf = async (member: Member, name: string): Promise<number> =>
  (await member.replica.open(name, Home)).visits.value;

describe("syncAll", () => {
  it("carries both ways what nobody has open, closes it again, and opens nothing that is equal", async () => {
    let [client, server] = [await createMember(), await createMember()];
    await write(client, [...namesOf("shared", 40), ...namesOf("client", 3)]);
    await write(server, namesOf("server", 90));
    const first = await client.replica.syncAll();
    join(client, server);
    const round = await new Promise((resolve) => first.onRound(resolve));
    expect(round).toMatchObject({ documents: 133, different: 133, refused: [], unsettled: [], isCut: false });
    expect([...client.host.documents()]).toEqual([]);
    [client, server] = [await reopen(client), await reopen(server)];
    expect(await server.replica.documentNames()).toHaveLength(133);
    await write(server, ["server 7"]);
    await write(client, ["shared 3", "new"]);
    const second = await client.replica.syncAll();
    join(client, server);
    expect(await new Promise((resolve) => second.onRound(resolve))).toMatchObject({
      documents: 134,
      different: 3,
    });
    expect(client.opened.sort()).toEqual(["new", "server 7", "shared 3"]);
    expect(server.opened.sort()).toEqual(client.opened);
    const [third] = await second.compare();
    expect(third).toMatchObject({ documents: 134, different: 0, requests: 1 });
    expect(third!.bytes).toBeLessThanOrEqual(64);
    for (const name of ["server 7", "shared 3"]) {
      expect([await visitsOf(client, name), await visitsOf(server, name)]).toEqual([2, 2]);
    }
  });

  it("asks again from time to time, and finds what came meanwhile", async () => {
    const [client, server] = [await createMember(), await createMember()];
    const sync = await client.replica.syncAll({ everyMs: 100 });
    const rounds: number[] = [];
    sync.onRound((round) => rounds.push(round.different));
    join(client, server);
    await until("a round without differences", () => rounds.length > 0);
    await write(server, ["late"]);
    await until("a round that found it", () => rounds.includes(1));
    expect(rounds[0]).toBe(0);
    sync.stop();
    expect(await client.replica.documentNames()).toEqual(["late"]);
  });

  it("compares a prefix alone when told to", async () => {
    const [client, server] = [await createMember(), await createMember()];
    await write(client, ["team/a", "own/a"]);
    await write(server, ["team/b", "own/b"]);
    const sync = await client.replica.syncAll({ prefix: "team/" });
    join(client, server);
    expect(await new Promise((resolve) => sync.onRound(resolve))).toMatchObject({
      documents: 2,
      different: 2,
    });
    expect(await client.replica.documentNames()).toEqual(["own/a", "team/a", "team/b"]);
    expect(await server.replica.documentNames()).toEqual(["own/b", "team/a", "team/b"]);
  });

  it("shows a peer only what it may have, and leaves out what it refuses", async () => {
    const [client, server] = [await createMember(), await createMember()];
    server.hub.configure({ allowDocument: (name) => !name.startsWith("secret") });
    await write(server, ["open", "secret plan"]);
    await write(client, ["mine", "secret of mine"]);
    const sync = await client.replica.syncAll();
    join(client, server);
    const round = await new Promise((resolve) => sync.onRound(resolve));
    expect(round).toMatchObject({ different: 3, refused: ["secret of mine"] });
    expect(await client.replica.documentNames()).toEqual(["mine", "open", "secret of mine"]);
    expect(await server.replica.documentNames()).toEqual(["mine", "open", "secret plan"]);
    expect((await sync.compare())[0]).toMatchObject({ documents: 2, different: 0, requests: 1 });
  });

  it("shows a peer with a grant what that says, and waits for the grant", async () => {
    const [client, server] = [await createMember(), await createMember()];
    await write(server, ["open", "secret", "to read"]);
    await write(client, ["mine"]);
    const rows = [
      { pattern: "secret*", right: "none" as const },
      { pattern: "to read", right: "read" as const },
      { pattern: "*", right: "write" as const },
    ];
    server.hub.configure({
      guard: {
        async admit() {
          await new Promise((resolve) => setTimeout(resolve, 20));
          return { subject: "somebody", id: "", rows, expiresAtMs: Number.POSITIVE_INFINITY };
        },
        revoke() {},
        onRevoke: () => () => {},
      },
    });
    const sync = await client.replica.syncAll();
    join(client, server);
    expect(await new Promise((resolve) => sync.onRound(resolve))).toMatchObject({
      different: 3,
      refused: [],
      unsettled: [],
    });
    expect(await client.replica.documentNames()).toEqual(["mine", "open", "to read"]);
    expect((await sync.compare())[0]).toMatchObject({ different: 0, requests: 1 });
  });

  it("leaves alone what streams already, and what was never written", async () => {
    const [client, server] = [await createMember(), await createMember()];
    const home = await client.replica.open("home", Home);
    await client.replica.open("never written", Home);
    home.visits.increment();
    const sync = await client.replica.syncAll();
    const cut = join(client, server);
    await until("the document is over there", () => [...server.host.documents()].length === 2);
    expect((await sync.compare())[0]).toMatchObject({ documents: 1, different: 0 });
    cut();
    expect(await sync.compare()).toEqual([]);
  });

  it("knows what an unclean end left behind the last mark", async () => {
    const [before, server] = [await createMember(), await createMember()];
    await write(before, ["first", "second"]);
    await before.replica.close();
    const again = await createMember(before.disk);
    await write(again, ["second", "third"]);
    const found = new Map<string, readonly number[]>();
    const crashed = await createMember(again.disk.afterCrash());
    for await (const [name, fingerprint] of crashed.host.storedFingerprints()) found.set(name, fingerprint);
    expect([...found.keys()].sort()).toEqual(["first", "second", "third"]);
    for (const [name, fingerprint] of found) {
      const core = await crashed.host.openCore(name);
      expect(fingerprint).toEqual(fingerprintOfVector(core.versionVector));
    }
    const sync = await crashed.replica.syncAll();
    join(crashed, server);
    expect(await new Promise((resolve) => sync.onRound(resolve))).toMatchObject({ documents: 3 });
    await until("all are over there", () => [...server.host.documents()].length === 3);
  });

  it("finds what is written to a document that is open over there", async () => {
    const [client, server] = [await createMember(), await createMember()];
    const home = await server.replica.open("home", Home);
    home.visits.increment();
    const sync = await client.replica.syncAll();
    join(client, server);
    expect(await new Promise((resolve) => sync.onRound(resolve))).toMatchObject({ different: 1 });
    for (let visits = 2; visits < 5; visits++) {
      home.visits.increment();
      expect((await sync.compare())[0]).toMatchObject({ different: 1, unsettled: [] });
      const copy = await client.replica.open("home", Home);
      expect(copy.visits.value).toBe(visits);
      await copy.close();
    }
  });

  it("goes on when one document cannot be opened, and leaves that out", async () => {
    const [client, server] = [await createMember(), await createMember()];
    await write(server, ["a", "b", "c"]);
    const borrow = client.host.borrowCore.bind(client.host);
    Object.defineProperty(client.host, "borrowCore", {
      value: (name: string) => (name === "b" ? Promise.reject(new Error("unreadable")) : borrow(name)),
    });
    const sync = await client.replica.syncAll();
    join(client, server);
    expect(await new Promise((resolve) => sync.onRound(resolve))).toMatchObject({
      unsettled: ["b"],
      documents: 2,
    });
    expect((await sync.compare())[0]).toMatchObject({ documents: 2 });
  });

  it("keeps open what it fetched where there is no store", async () => {
    const server = await createMember();
    await write(server, ["a", "b"]);
    const replica = await createReplica({ platform: nodePlatform, engine: "baseline" });
    open.push(replica);
    const sync = await replica.syncAll();
    const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
    server.hub.attach(right, "server");
    hubOf(hostOf(replica)).attach(left, "client");
    expect(await new Promise((resolve) => sync.onRound(resolve))).toMatchObject({
      documents: 2,
      different: 2,
    });
    expect((await replica.open("a", Home)).visits.value).toBe(1);
    expect([...hostOf(replica).documents()].map((core) => core.name).sort()).toEqual(["a", "b"]);
  });

  it("is told apart: one at a time, with options that make sense", async () => {
    const { replica } = await createMember();
    await expect(replica.syncAll({ everyMs: 99 })).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(replica.syncAll({ prefix: "é".repeat(128) })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    const sync = await replica.syncAll();
    await expect(replica.syncAll()).rejects.toMatchObject({ code: "invalid-argument" });
    sync.stop();
    (await replica.syncAll()).stop();
  });
});
