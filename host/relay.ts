// The relay, for Node: a replica that listens. It opens every document it is asked for, merges what comes and hands
// the same bytes on; no schema, no values. Plain HTTP requests on its port go to whoever wants them (a page).
import type { RequestListener, Server } from "node:http";
import { CrdtError } from "./errors.ts";
import {
  CLOSE_SERVICE_RESTART,
  type DrainOptions,
  hubOf,
  type NetworkEvent,
  type NetworkOptions,
  type PeerStatistics,
  peerStatistics,
  retryAfterReason,
  type ServedDocument,
  servedDocuments,
} from "./net/index.ts";
import { isLoopback, listen, type ServerTls } from "./platform/listen.ts";
import { hostOf, type Replica } from "./replica/replica.ts";

export type { Guard } from "./net/guard.ts";
export type { DrainOptions, PeerStatistics, RateOptions, ServedDocument } from "./net/index.ts";
export type { ServerTls } from "./platform/listen.ts";

export interface RelayOptions extends Omit<NetworkOptions, "timing"> {
  /** 0 takes a free one; the answer says which. */
  readonly port: number;
  /** The address to bind; this machine alone unless said otherwise. */
  readonly host?: string;
  /** Speak TLS 1.3, and ask for client certificates where an authority for them is given. */
  readonly tls?: ServerTls;
  /**
   * Whether to listen beyond this machine although everybody who reaches the port may read and write everything. Without
   * it such a relay does not start: it needs `guard`, or `tls` with `clientCa`.
   */
  readonly insecure?: boolean;
  /** Answers plain HTTP requests on the same port. */
  readonly onRequest?: RequestListener;
  /** The most connections let in within a second (100 unless said otherwise); others wait their turn. */
  readonly connectionsPerSecond?: number;
  /**
   * Whether a browser page of this origin may connect. Unless said otherwise pages of the same host name may; where
   * only this machine can connect, that name must be `localhost` or an address.
   */
  readonly allowOrigin?: (origin: string, host: string) => boolean;
}

/** A peer came, went, or was refused a document. */
export interface RelayEvent {
  readonly kind: NetworkEvent["kind"];
  /** Label, replica id and address of the peer. */
  readonly peer: string;
  /** Why it went, or what was refused; "" when there is nothing to say. */
  readonly message: string;
}

export interface Relay {
  readonly port: number;
  readonly url: string;
  readonly server: Server;
  /** The connections of this replica, those it opened itself included. */
  peers(): PeerStatistics[];
  /** The documents at least one connection carries. */
  documents(): ServedDocument[];
  onEvent(listener: (event: RelayEvent) => void): () => void;
  /**
   * Takes no further peers, tells those there are what was merged and stored of what they sent, and sends them away with a hint
   * when to come back. Then `close()` it. The replica stays open.
   */
  drain(options?: DrainOptions): Promise<void>;
  /** Stops listening and drops the connections it accepted; the replica stays open. */
  close(): Promise<void>;
}

/** What those are told that connect while the relay drains. */
const TURNED_AWAY_MS = 1_000;

/** Lets other replicas connect to this one. Errors: connection-failed when the port is taken, insecure-relay. */
export async function serve(replica: Replica, options: RelayOptions): Promise<Relay> {
  const {
    port,
    host,
    tls,
    insecure = false,
    onRequest,
    allowOrigin,
    connectionsPerSecond,
    ...network
  } = options;
  if (!insecure) refuseOpenDoor(options);
  const hub = hubOf(hostOf(replica), network);
  let isDraining = false;
  const listener = await listen({
    port,
    ...(host !== undefined && { host }),
    ...(tls !== undefined && { tls }),
    ...(onRequest !== undefined && { onRequest }),
    ...(allowOrigin !== undefined && { allowOrigin }),
    ...(connectionsPerSecond !== undefined && { connectionsPerSecond }),
    onTransport: (transport) => {
      if (isDraining) transport.close(CLOSE_SERVICE_RESTART, retryAfterReason(TURNED_AWAY_MS));
      else hub.attach(transport, "server");
    },
  });
  return {
    port: listener.port,
    url: listener.url,
    server: listener.server,
    peers: () => peerStatistics(hub),
    documents: () => servedDocuments(hub),
    onEvent: (tell) =>
      hub.onEvent(({ kind, session, message }) => tell({ kind, peer: session.peer, message })),
    drain: async (how) => {
      isDraining = true;
      listener.stopAccepting();
      await hub.drain(how);
    },
    close: () => listener.close(),
  };
}

/** Beyond this machine somebody must ask who comes in. */
function refuseOpenDoor({ host, guard, tls }: RelayOptions): void {
  if (host === undefined || isLoopback(host) || guard !== undefined || tls?.clientCa !== undefined) return;
  throw new CrdtError(
    "insecure-relay",
    `a relay on "${host}" would let everybody who reaches it read and write: give it a guard or ask for client ` +
      "certificates, or say that this is meant (insecure)",
  );
}
