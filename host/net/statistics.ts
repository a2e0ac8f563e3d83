// What a relay can say about its connections, for pages and logs. Counted where it happens; read on demand.
import type { ReplicaId } from "../wire/replica-id.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";

export interface PeerStatistics {
  readonly replica: ReplicaId;
  /** What the peer calls itself; "" when it does not. */
  readonly label: string;
  readonly address: string;
  /** Who opened the connection: "server" when the peer did. */
  readonly role: "client" | "server";
  readonly connectedMs: number;
  /** The last round trip; undefined before the first. */
  readonly roundTripMs: number | undefined;
  /** Positive when the peer's clock is ahead. */
  readonly clockOffMs: number;
  /** Bytes on the wire, WebSocket headers included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Bytes that wait for the peer to read. */
  readonly bufferedBytes: number;
  /** Names of the documents the connection carries. */
  readonly documents: readonly string[];
  /** Mutations of anybody that we know and the peer has not acknowledged, over those documents. */
  readonly lag: number;
}

export interface ServedDocument {
  readonly name: string;
  /** Connections in its stream. */
  readonly receivers: number;
}

export function peerStatistics(hub: Hub): PeerStatistics[] {
  return hub.sessions.map((session) => statisticsOf(session, hub.host.platform.monotonicMs()));
}

export function servedDocuments(hub: Hub): ServedDocument[] {
  return [...hub.rooms].map(({ core, receivers }) => ({ name: core.name, receivers }));
}

function statisticsOf(session: Session, nowMs: number): PeerStatistics {
  const links = [...session.links];
  const lags = links.map(({ room, outbound }) => room.core.versionVector.distanceFrom(outbound.acknowledged));
  return {
    replica: session.hello!.replica,
    label: session.hello!.label,
    address: session.transport.peer,
    role: session.role,
    connectedMs: nowMs - session.openedAtMs,
    roundTripMs: session.heartbeat.roundTripMs,
    clockOffMs: session.clockOffMs,
    bytesSent: session.bytesSent,
    bytesReceived: session.bytesReceived,
    bufferedBytes: session.bufferedBytes,
    documents: links.map(({ room }) => room.core.name),
    lag: lags.reduce((sum, lag) => sum + lag, 0),
  };
}
