// Acknowledgements of what is stored, and a relay that was killed and comes back with its store.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createReplica } from "../../host/create-replica.ts";
import { hubOf } from "../../host/net/index.ts";
import { serve } from "../../host/relay.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { createNode, openHome, until } from "./fleet.ts";

const open: { close(): Promise<unknown> }[] = [];
const folder = mkdtempSync(joinPath(tmpdir(), "jarvis-net-"));
afterEach(async () => {
  for (const closable of open.splice(0).reverse()) await closable.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a relay with a store", () => {
  it("acknowledges what is stored, and has it after a restart", async () => {
    const storage = joinPath(folder, "relay");
    const stored = await createReplica({ storage, engine: "baseline" });
    const relay = await serve(stored, { port: 0 });
    const a = createNode(1);
    const home = await openHome(a);
    const connection = await a.hub.connect(relay.url);
    open.push(connection);
    home.visits.increment(3);
    await connection.synced(home, { isStored: true });
    const link = a.hub.sessions[0]!.linkOf("home")!;
    await until("the acknowledgement of what is stored", () => link.storedSequence === 1);
    await relay.close();
    await stored.close();
    const again = await createReplica({ storage, engine: "baseline" });
    open.push(again);
    expect(again.id).toBe(stored.id);
    const core = await hostOf(again).openCore("home");
    expect(core.versionVector.get(a.replica.id)).toBe(1);
    open.push(await serve(again, { port: relay.port }));
    await until("the connection", () => connection.status === "open");
    home.visits.increment();
    await connection.synced(home, { isStored: true });
    expect(core.versionVector.get(a.replica.id)).toBe(2);
    expect(hubOf(hostOf(again)).sessions.length).toBe(1);
  });
});
