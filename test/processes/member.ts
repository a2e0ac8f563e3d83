// One process of the fleet the processes test disturbs: a relay, or an agent that writes as long as it is told to. It says
// what it has stored, line by line and synchronously: that must survive whatever happens to it.
// usage: node member.mjs JSON   with { name, life, storage, pauseMs, port (relays), upstream (address to connect to) }
// Reads lines: "stop" ends the writing, "state" asks for vector and digest, "written" for all numbers.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { counter, createReplica, schema, set } from "../../host/index.ts";
import { hubOf } from "../../host/net/index.ts";
import { serve } from "../../host/relay.ts";
import { hostOf } from "../../host/replica/replica.ts";
import type { MemberMessage, MemberOptions } from "./members.ts";

const Shared = schema({ total: counter(), written: set<string>() });
const WRITES_A_GROUP = 2;

const { name, life, storage, pauseMs, port, upstream } = JSON.parse(process.argv[2]!) as MemberOptions;
const say = (message: MemberMessage) => writeSync(1, `${JSON.stringify(message)}\n`);

const replica = await createReplica({ storage, engine: "baseline" });
const host = hostOf(replica);
hubOf(host, { label: name, timing: { heartbeatMs: 1_000, repairMs: 500, handshakeMs: 3_000 } });
const shared = await replica.open("shared", Shared);
if (port !== undefined) await serve(replica, { port, host: "127.0.0.1", label: name });

// What a life sent and had not stored may come back from others later, so each life counts for itself.
const found: Record<string, number> = {};
for (const text of shared.written) {
  const [life, number] = text.split(":") as [string, string];
  found[life] = Math.max(found[life] ?? 0, Number(number));
}
say({ kind: "open", found });

let n = 0;

if (upstream !== undefined) void connectForEver(upstream);
let isWriting = port === undefined;
createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "stop") isWriting = false;
  if (line === "state") sayState();
  if (line === "written") say({ kind: "written", texts: [...shared.written] });
});
process.stdin.on("end", () => process.exit());
while (isWriting) {
  for (let index = 0; index < WRITES_A_GROUP; index++) {
    n++;
    shared.transact(() => {
      shared.total.increment();
      shared.written.add(`${life}:${n}`);
    });
  }
  await shared.durable();
  say({ kind: "stored", n });
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
say({ kind: "stopped", n });

/** The first connection must be tried again by whoever wants it; later ones come back by themselves. */
async function connectForEver(url: string): Promise<void> {
  for (;;) {
    try {
      await replica.connect(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function sayState(): void {
  void host.openCore("shared").then((core) => {
    core.flushLocal();
    const digest = String(core.engine.digest());
    const vector = JSON.stringify(core.versionVector);
    const residentBytes = process.memoryUsage.rss();
    say({ kind: "state", digest, vector, total: shared.total.value, residentBytes });
  });
}
