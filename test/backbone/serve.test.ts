// `jarvis serve --backbone` as its own process: what it says, that two of them share a document, and that it serves on
// without NATS.
import { afterEach, expect, it } from "vitest";
import { type Running, run, start as startCommand } from "../cli/command-line.ts";
import { describeWithNats } from "./describe-with-nats.ts";
import { closeAll, createClient, openHome, until } from "./relays.ts";

it("an address that is none is refused with a word on what to give", async () => {
  const { status, stderr } = await run(["serve", "--port", "0", "--backbone", "localhost:4222"]);
  expect(status).toBe(2);
  expect(stderr).toContain("nats://127.0.0.1:4222");
});

describeWithNats("jarvis serve --backbone", (start) => {
  const running: Running[] = [];

  afterEach(async () => {
    await closeAll();
    for (const { child, finished } of running.splice(0)) {
      child.kill("SIGKILL");
      await finished;
    }
  });

  async function serve(nats: string): Promise<{ readonly process: Running; readonly url: string }> {
    const process = startCommand(["serve", "--port", "0", "--engine", "baseline", "--backbone", nats]);
    running.push(process);
    const [, url] = await process.waitFor(/relay {2}(ws:\/\/\S+)/);
    return { process, url: url! };
  }

  it("shares documents between relays, serves on without NATS and says so", async () => {
    const server = await start();
    const [left, right] = [await serve(server.url), await serve(server.url)];
    await left.process.waitFor(/nats {3}nats:\/\/127\.0\.0\.1:\d+ {3}\(online\)/);
    const [writer, reader] = [await createClient(), await createClient()];
    const connection = await writer.connect(left.url);
    await reader.connect(right.url);
    const [home, afar] = [await openHome(writer), await openHome(reader)];
    home.visits.increment(3);
    await until(() => afar.visits.value === 3);

    await server.kill();
    await left.process.waitFor(/backbone degraded: .*clients are served all the same/);
    home.visits.increment(4);
    await connection.synced();
    const late = await serve(server.url);
    await late.process.waitFor(/nats {3}\S+ {3}\(degraded\)/);

    await server.start();
    await until(() => afar.visits.value === 7);
    left.process.child.kill("SIGINT");
    expect((await left.process.finished).status).toBe(0);
  });
});
