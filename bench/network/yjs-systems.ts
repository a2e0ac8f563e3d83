// y-websocket with its server, and Hocuspocus with its provider, both over Yjs documents.
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import type { Doc } from "yjs";
import { CountingReader, firstMessage, openSocket, tailOf } from "./reading.ts";
import type { Client, Reader, System } from "./system.ts";

const DOCUMENT = "fan-out";
const SYNC = 0;
const SYNC_STEP_ONE = [0, 1, 0];
const STEP_TWO = 1;
const UPDATE = 2;

/** What both providers have in common. */
interface Provider {
  readonly synced: boolean;
  connect(): unknown;
  disconnect(): void;
}

function clientOf(doc: Doc, open: () => Provider): Promise<Client> {
  const data = doc.getMap("data");
  const provider = open();
  const synced = (): Promise<void> =>
    new Promise((resolve) => {
      const poll = () => (provider.synced ? resolve() : setTimeout(poll, 1));
      poll();
    });
  const client: Client = {
    write: (key, value) => data.set(key, value),
    fill: (entries) => {
      doc.transact(() => {
        for (const [key, value] of entries) data.set(key, value);
      });
    },
    get: (key) => data.get(key) as string | undefined,
    get size() {
      return data.size;
    },
    onRemote: (listener) => {
      doc.on("update", (_update, _origin, _doc, transaction) => {
        if (!transaction.local) listener();
      });
    },
    synced,
    disconnect: async () => provider.disconnect(),
    async reconnect() {
      provider.connect();
    },
  };
  return synced().then(() => client);
}

async function readFrom(
  url: string,
  prefix: readonly number[],
  greeting: readonly number[][],
): Promise<Reader> {
  const socket = await openSocket(url);
  const reader = new CountingReader();
  const at = prefix.length;
  const isSync = (bytes: Buffer, kind: number) => bytes[at] === SYNC && bytes[at + 1] === kind;
  const ready = firstMessage(socket, (bytes) => isSync(bytes, STEP_TWO));
  socket.on("message", (bytes: Buffer) => {
    if (!isSync(bytes, UPDATE)) return;
    reader.updates += 1;
    reader.sum = (reader.sum + tailOf(bytes, bytes.length)) | 0;
  });
  for (const message of greeting) socket.send(Uint8Array.from([...prefix, ...message]));
  await ready;
  return reader;
}

export const yWebsocket: System = {
  name: "y-websocket",
  async serve(port) {
    const { setupWSConnection } = await import("@y/websocket-server/utils");
    const server = createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    sockets.on("connection", (socket, request) => setupWSConnection(socket, request));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return { server, document: DOCUMENT };
  },
  async join(url, document) {
    const { Doc } = await import("yjs");
    const { WebsocketProvider } = await import("y-websocket");
    const doc = new Doc();
    return clientOf(
      doc,
      () => new WebsocketProvider(url, document, doc, { WebSocketPolyfill: WebSocket, disableBc: true }),
    );
  },
  read: (url, document) => readFrom(`${url}/${document}`, [], [[SYNC, ...SYNC_STEP_ONE]]),
};

export const hocuspocus: System = {
  name: "hocuspocus",
  async serve(port) {
    const { Server } = await import("@hocuspocus/server");
    const server = new Server({ port, address: "127.0.0.1", quiet: true, stopOnSignals: false });
    await server.listen();
    return { server: server.httpServer, document: DOCUMENT };
  },
  async join(url, document) {
    const { Doc } = await import("yjs");
    const { HocuspocusProvider, HocuspocusProviderWebsocket } = await import("@hocuspocus/provider");
    const doc = new Doc();
    return clientOf(doc, () => {
      const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
      const provider = new HocuspocusProvider({ websocketProvider, name: document, document: doc });
      provider.attach();
      return {
        get synced() {
          return provider.synced;
        },
        connect: () => websocketProvider.connect(),
        disconnect: () => websocketProvider.disconnect(),
      };
    });
  },
  read: (url, document) => {
    const name = [document.length, ...Buffer.from(document)];
    return readFrom(url, name, [
      [2, 0, 0],
      [SYNC, ...SYNC_STEP_ONE],
    ]);
  },
};
