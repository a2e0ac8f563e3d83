// `jarvis serve` that is told to stop: it drains, so that those connected know when to come back.
import { once } from "node:events";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { start } from "./command-line.ts";

it("drains on SIGTERM and ends well", async () => {
  const relay = start(["serve", "--port", "0", "--json"]);
  const [, url] = await relay.waitFor(/"relay":\s*"(ws:[^"]+)"/);
  const socket = new WebSocket(url!);
  await once(socket, "open");
  const closed = once(socket, "close");
  relay.child.kill("SIGTERM");
  const [code, reason] = (await closed) as [number, Buffer];
  expect(code).toBe(1012);
  expect(reason.toString()).toMatch(/^retry-after=\d+$/);
  expect((await relay.finished).status).toBe(0);
}, 120_000);
