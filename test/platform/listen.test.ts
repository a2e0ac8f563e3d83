// Who may connect to a listening socket, and that neither a policy that throws, nor a replica that is gone, nor a
// silent connection harms the process that listens.
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Listener, type ListenOptions, listen } from "../../host/platform/listen.ts";
import { platform } from "../../host/platform/node.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function listening(options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen({ port: 0, onTransport: () => {}, ...options });
  open.push(() => listener.close());
  return listener;
}

/** How the server answers a page: "open", or why not. */
function visit(listener: Listener, origin: string, host: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(listener.url, { headers: { host }, origin });
    socket.on("open", () => resolve("open"));
    socket.on("error", (error) => resolve(error.message));
    open.push(() => socket.terminate());
  });
}

it.each([
  ["http://localhost:7071", "localhost:7070", "open"],
  ["http://127.0.0.1:7070", "127.0.0.1:7070", "open"],
  ["http://[::1]:7070", "[::1]:7070", "open"],
  ["http://elsewhere.example", "localhost:7070", "refused"],
  // A name of somebody else that was pointed at this machine after the page was loaded.
  ["http://rebound.example:7070", "rebound.example:7070", "refused"],
  ["null", "localhost:7070", "refused"],
])("on this machine alone, a page of %s that asks for %s: %s", async (origin, host, expected) => {
  const listener = await listening();
  const answer = await visit(listener, origin, host);
  expect(answer === "open" ? "open" : "refused").toBe(expected);
});

it("on an address others reach, pages of the same host name may connect", async () => {
  const listener = await listening({ host: "0.0.0.0" });
  const reachable = { ...listener, url: `ws://127.0.0.1:${listener.port}` };
  expect(await visit(reachable, "http://relay.example", "relay.example:7070")).toBe("open");
  expect(await visit(reachable, "http://other.example", "relay.example:7070")).not.toBe("open");
});

it("a policy that throws refuses", async () => {
  const listener = await listening({ allowOrigin: (origin) => new URL(origin).hostname === "localhost" });
  expect(await visit(listener, "null", "localhost")).toContain("401");
});

it("a transport nobody takes is closed, and the process goes on", async () => {
  const listener = await listening({
    onTransport: () => {
      throw new Error("closed already");
    },
  });
  const code = await new Promise((resolve) => new WebSocket(listener.url).on("close", resolve));
  expect(code).toBe(1013);
});

it("closes within seconds though a connection was opened that never asks for anything", async () => {
  const listener = await listen({ port: 0, onTransport: () => {} });
  const socket = await new Promise<Socket>((resolve) => {
    const silent = connect(listener.port, "127.0.0.1", () => resolve(silent));
  });
  socket.on("error", () => {});
  open.push(() => socket.destroy());
  const startMs = performance.now();
  await listener.close();
  expect(performance.now() - startMs).toBeLessThan(5_000);
}, 20_000);

it("a goodbye that the peer does not answer ends within seconds", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  open.push(() => server.close());
  server.on("connection", (socket) => {
    socket.pause();
    open.push(() => socket.terminate());
  });
  await once(server, "listening");
  const transport = await platform.connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const startMs = performance.now();
  const closed = new Promise((resolve) => transport.onClose(resolve));
  transport.close();
  await closed;
  expect(performance.now() - startMs).toBeLessThan(10_000);
}, 40_000);
