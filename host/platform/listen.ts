// Listening sockets, Node only: WebSockets on an HTTP server, handed out as transports. The HTTP side (a page, a
// health check) stays with whoever gives the request handler.
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import { CrdtError } from "../errors.ts";
import { CONNECTIONS_PER_SECOND_MAX, MESSAGE_BYTES_MAX } from "../limits.ts";
import { Admission } from "./admission.ts";
import { createNodeTransport } from "./node-transport.ts";
import type { PeerCertificate, Transport } from "./transport.ts";

/** PEM texts. */
export interface ServerTls {
  readonly key: string;
  readonly cert: string;
  /** The authority of client certificates; where it is given, whoever has none of it is not let in. */
  readonly clientCa?: string;
}

export interface ListenOptions {
  readonly port: number;
  /** Speak TLS 1.3; plain sockets without it. */
  readonly tls?: ServerTls;
  /** The address to bind; this machine alone unless said otherwise. */
  readonly host?: string;
  /** Answers plain HTTP requests; without it they get 426. */
  readonly onRequest?: RequestListener;
  /**
   * Whether a browser page of this origin may connect. Unless said otherwise pages of the same host name may; where
   * only this machine can connect, that name must be `localhost` or an address.
   */
  readonly allowOrigin?: (origin: string, host: string) => boolean;
  /** The most connections let in within a second; others wait their turn. */
  readonly connectionsPerSecond?: number;
  readonly onTransport: (transport: Transport) => void;
}

export interface Listener {
  /** The port bound, also where 0 was asked for. */
  readonly port: number;
  readonly url: string;
  readonly server: Server;
  /** Takes no further connections; those there are go on. */
  stopAccepting(): void;
  /** Stops listening and drops every connection. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1_000;
const CLOSE_TRY_LATER = 1013;
const UNAUTHORIZED = 401;
const UNAVAILABLE = 503;

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;
/** Names that no page from outside can have: addresses, and those that mean this machine everywhere. */
const UNCLAIMABLE = /^(\[.*\]|\d+(\.\d+){3}|(.*\.)?localhost)$/;

/**
 * Pages of the same host name. Where only this machine may connect, the name must also be one nobody can own: a page
 * from outside may otherwise point its own name here after it was loaded (DNS rebinding), and come as the same host.
 */
function sameHostName(boundTo: string): (origin: string, host: string) => boolean {
  return (origin, host) => {
    if (!URL.canParse(origin) || !URL.canParse(`http://${host}`)) return false;
    const { hostname } = new URL(`http://${host}`);
    return new URL(origin).hostname === hostname && (!LOOPBACK.test(boundTo) || UNCLAIMABLE.test(hostname));
  };
}

function isAllowed(
  request: IncomingMessage,
  allowOrigin: (origin: string, host: string) => boolean,
): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  try {
    return allowOrigin(origin, host ?? "");
  } catch {
    // A policy that stumbles over an origin ("null" is no URL) has not allowed it.
    return false;
  }
}

/** Binds and listens. Rejects with connection-failed, whose cause carries the system's code (EADDRINUSE). */
export async function listen(options: ListenOptions): Promise<Listener> {
  const host = options.host ?? "127.0.0.1";
  const onRequest: RequestListener =
    options.onRequest ?? ((_request, response) => response.writeHead(426, { connection: "close" }).end());
  const server = options.tls === undefined ? createServer(onRequest) : serverWith(options.tls, onRequest);
  await bind(server, options.port, host);
  const admission = new Admission(options.connectionsPerSecond ?? CONNECTIONS_PER_SECOND_MAX);
  const allowOrigin = options.allowOrigin ?? sameHostName(host);
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
    verifyClient: ({ req }: { req: IncomingMessage }, answer: (isTaken: boolean, code?: number) => void) => {
      if (!isAllowed(req, allowOrigin)) answer(false, UNAUTHORIZED);
      else admission.enter((isTaken) => answer(isTaken, UNAVAILABLE));
    },
  });
  sockets.on("connection", (socket, request) => {
    const { remoteAddress, remotePort } = request.socket;
    const transport = createNodeTransport(
      socket,
      `${remoteAddress}:${remotePort}`,
      certificateOf(request),
      request.socket,
    );
    try {
      options.onTransport(transport);
    } catch {
      // The replica behind may be closed already: a peer that comes then must not take the process down.
      transport.close(CLOSE_TRY_LATER, "no connections are taken now");
    }
  });
  sockets.on("error", () => {});
  sockets.once("close", () => admission.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const urlHost = host.includes(":") ? `[${host}]` : host;
  const scheme = options.tls === undefined ? "ws" : "wss";
  return {
    port,
    url: `${scheme}://${urlHost}:${port}`,
    server,
    stopAccepting: () => void server.close(),
    close: () => stop(server, sockets),
  };
}

/** Errors: invalid-argument when key and certificates cannot be used. */
function serverWith({ key, cert, clientCa }: ServerTls, onRequest: RequestListener): Server {
  const mutual =
    clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true as const };
  try {
    return createTlsServer({ key, cert, minVersion: "TLSv1.3", ...mutual }, onRequest);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CrdtError(
      "invalid-argument",
      `key and certificate do not work together (${reason}): give PEM texts`,
    );
  }
}

/** Of a client whose certificate was verified; one that was merely shown proves nothing. */
function certificateOf({ socket }: IncomingMessage): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject, fingerprint256 } = socket.getPeerCertificate();
  return subject === undefined
    ? undefined
    : { commonName: String(subject.CN ?? ""), fingerprint: fingerprint256 };
}

/** Whether only this machine can connect to it. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
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
    // Browsers open connections ahead of need; those that never ask anything count as busy.
    server.closeAllConnections();
  }, CLOSE_GRACE_MS);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  sockets.close();
  server.closeIdleConnections();
  await closed;
  clearTimeout(grace);
}
