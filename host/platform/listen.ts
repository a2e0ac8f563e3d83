// Listening sockets, Node only: WebSockets on an HTTP server, handed out as transports. The HTTP side (a page, a
// health check) stays with whoever gives the request handler.
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { WebSocketServer } from "ws";
import { CrdtError } from "../errors.ts";
import { MESSAGE_BYTES_MAX } from "../limits.ts";
import { createNodeTransport } from "./node-transport.ts";
import type { Transport } from "./transport.ts";

export interface ListenOptions {
  readonly port: number;
  /** The address to bind; this machine alone unless said otherwise. */
  readonly host?: string;
  /** Answers plain HTTP requests; without it they get 426. */
  readonly onRequest?: RequestListener;
  /** Whether a browser page of this origin may connect; pages of the same host name may unless said otherwise. */
  readonly allowOrigin?: (origin: string, host: string) => boolean;
  readonly onTransport: (transport: Transport) => void;
}

export interface Listener {
  /** The port bound, also where 0 was asked for. */
  readonly port: number;
  readonly url: string;
  readonly server: Server;
  /** Stops listening and drops every connection. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1_000;

function isSameHostName(origin: string, host: string): boolean {
  return URL.canParse(origin) && URL.canParse(`http://${host}`)
    ? new URL(origin).hostname === new URL(`http://${host}`).hostname
    : false;
}

function isAllowed(
  request: IncomingMessage,
  allowOrigin: (origin: string, host: string) => boolean,
): boolean {
  const { origin, host } = request.headers;
  return origin === undefined || allowOrigin(origin, host ?? "");
}

/** Binds and listens. Rejects with connection-failed, whose cause carries the system's code (EADDRINUSE). */
export async function listen(options: ListenOptions): Promise<Listener> {
  const host = options.host ?? "127.0.0.1";
  const server = createServer(
    options.onRequest ?? ((_request, response) => response.writeHead(426, { connection: "close" }).end()),
  );
  await bind(server, options.port, host);
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
    verifyClient: ({ req }: { req: IncomingMessage }) =>
      isAllowed(req, options.allowOrigin ?? isSameHostName),
  });
  sockets.on("connection", (socket, request) => {
    const { remoteAddress, remotePort } = request.socket;
    options.onTransport(createNodeTransport(socket, `${remoteAddress}:${remotePort}`));
  });
  sockets.on("error", () => {});
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const urlHost = host.includes(":") ? `[${host}]` : host;
  return { port, url: `ws://${urlHost}:${port}`, server, close: () => stop(server, sockets) };
}

function bind(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      const message = `Cannot listen on ${host}:${port} (${error.message}): choose another port or address.`;
      reject(new CrdtError("connection-failed", message, { cause: error }));
    };
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

async function stop(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.close(1001, "the relay stops");
  const grace = setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate();
  }, CLOSE_GRACE_MS);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  sockets.close();
  server.closeIdleConnections();
  await closed;
  clearTimeout(grace);
}
