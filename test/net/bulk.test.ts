// Ten thousand entries between two nodes over WebSockets, on both engines: there before, and written while connected.
import { afterEach, describe, expect, it } from "vitest";
import { createReplica, map, schema, set } from "../../host/index.ts";
import { serve } from "../../host/relay.ts";

const Store = schema({ settings: map<Record<string, number>>(), tags: set<string>() });
const ENTRIES = 10_000;
const WITHIN_MS = 10_000;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const closable of open.splice(0).reverse()) await closable.close();
});

describe.each(["baseline", "wasm"] as const)("10,000 entries on %s", (engine) => {
  it("reach another node in well under 30 s, in one piece and one by one", async () => {
    const [writer, server] = [await createReplica({ engine }), await createReplica({ engine })];
    open.push(writer, server);
    const [home, afar] = [await writer.open("home", Store), await server.open("home", Store)];
    for (let index = 0; index < ENTRIES; index++) home.settings.set(`before ${index}`, index);
    const relay = await serve(server, { port: 0 });
    open.push(relay);
    const start = performance.now();
    const connection = await writer.connect(relay.url);
    open.push(connection);
    await connection.synced(home);
    expect(afar.settings.size).toBe(ENTRIES);
    for (let index = 0; index < ENTRIES; index++) {
      home.tags.add(`while connected ${index}`);
      if (index % 10 === 9) await new Promise(setImmediate);
    }
    await connection.synced(home);
    expect(performance.now() - start).toBeLessThan(WITHIN_MS);
    expect([afar.tags.size, afar.settings.get(`before ${ENTRIES - 1}`)]).toEqual([ENTRIES, ENTRIES - 1]);
    expect(afar.digest()).toBe(home.digest());
  });
});
