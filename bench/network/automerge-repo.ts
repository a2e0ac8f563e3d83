// automerge-repo with its WebSocket adapter. Its sync is a dialogue about heads, so every receiver is a whole client.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import type { Client, System } from "./system.ts";

interface Shared {
  data: Record<string, string>;
}

export const automergeRepo: System = {
  name: "automerge-repo",
  async serve(port) {
    const { Repo } = await import("@automerge/automerge-repo");
    const { NodeWSServerAdapter } = await import("@automerge/automerge-repo-network-websocket");
    const server = createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    const repo = new Repo({ network: [new NodeWSServerAdapter(sockets)], sharePolicy: async () => false });
    const handle = repo.create<Shared>({ data: {} });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return { server, document: handle.url };
  },
  async join(url, document) {
    const { Repo } = await import("@automerge/automerge-repo");
    const { WebSocketClientAdapter } = await import("@automerge/automerge-repo-network-websocket");
    let adapter = new WebSocketClientAdapter(url);
    const repo = new Repo({ network: [adapter] });
    const handle = await repo.find<Shared>(document);
    let own = 0;
    let remote = Object.keys(handle.doc().data).length;
    let isOwn = false;
    let listener = () => {};
    handle.on("change", ({ patches }) => {
      if (isOwn) return;
      for (const { action, path } of patches) if (action === "put" && path.length === 2) remote += 1;
      listener();
    });
    const client: Client = {
      write: (key, value) => {
        isOwn = true;
        own += 1;
        handle.change((shared) => {
          shared.data[key] = value;
        });
        isOwn = false;
      },
      fill: (entries) => {
        isOwn = true;
        own += entries.length;
        handle.change((shared) => {
          for (const [key, value] of entries) shared.data[key] = value;
        });
        isOwn = false;
      },
      get: (key) => handle.doc().data[key],
      get size() {
        return own + remote;
      },
      onRemote: (told) => {
        listener = told;
      },
      synced: async () => {},
      async disconnect() {
        adapter.disconnect();
        repo.networkSubsystem.removeNetworkAdapter(adapter);
      },
      async reconnect() {
        adapter = new WebSocketClientAdapter(url);
        repo.networkSubsystem.addNetworkAdapter(adapter);
      },
    };
    return client;
  },
};
