// The platform of Node: random bytes of the kernel, timers, `ws` and `level`. Sockets and storage load on first use, so a
// replica that needs neither starts without them.
import { CrdtError } from "../errors.ts";
import { MESSAGE_BYTES_MAX } from "../limits.ts";
import type { Platform } from "./platform.ts";

const CONNECT_TIMEOUT_MS = 10_000;

const RANDOM_DEVICE = "/dev/urandom";

/**
 * node:fs as it is: an import would make a module of it, which reads every property, and those of streams load all of
 * node:stream. Undefined in a Node before 20.16.
 */
const files = process.getBuiltinModule?.("node:fs") as typeof import("node:fs") | undefined;

/** What the kernel offers as a file: node:crypto draws from the same source, but loading it is a seventh of a start. */
function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  return readRandomDevice(bytes) ? bytes : globalThis.crypto.getRandomValues(bytes);
}

/** Whether there is such a file and it filled `bytes`; Windows has none. */
function readRandomDevice(bytes: Uint8Array): boolean {
  if (files === undefined) return false;
  let file: number | undefined;
  try {
    file = files.openSync(RANDOM_DEVICE, "r");
    return files.readSync(file, bytes) === bytes.length;
  } catch {
    return false;
  } finally {
    if (file !== undefined) files.closeSync(file);
  }
}

const asError = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const platform: Platform = {
  name: "node",
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  randomBytes,
  setTimer(callback, ms, options) {
    const timer = setTimeout(callback, ms);
    if (options?.background) timer.unref();
    return () => clearTimeout(timer);
  },
  onTurnEnd(callback) {
    setImmediate(callback);
  },
  async connect(url, { tls } = {}) {
    const [{ WebSocket }, { createNodeTransport }] = await Promise.all([
      import("ws"),
      import("./node-transport.ts"),
    ]);
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        const message = `Cannot connect to "${url}" (${asError(error)}): check the address and that a relay listens there.`;
        reject(new CrdtError("connection-failed", message, { cause: error }));
      };
      try {
        const socket = new WebSocket(url, {
          perMessageDeflate: false,
          maxPayload: MESSAGE_BYTES_MAX,
          handshakeTimeout: CONNECT_TIMEOUT_MS,
          ...tls,
        });
        const transport = createNodeTransport(socket, url);
        socket.once("error", fail);
        socket.once("open", () => {
          socket.off("error", fail);
          resolve(transport);
        });
      } catch (error) {
        fail(error);
      }
    });
  },
  async openStorage(location) {
    const { openNodeStorage } = await import("./node-storage.ts");
    return openNodeStorage(location);
  },
};
