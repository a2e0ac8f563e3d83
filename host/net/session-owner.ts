// What a session needs of the hub it belongs to, what it tells it, and the times it keeps.
import type { ReplicaHost } from "../replica/ports.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { Extension } from "./extension.ts";
import type { Guard } from "./guard.ts";
import type { RateOptions } from "./inbound-rate.ts";
import type { Link } from "./link.ts";
import type { Packing } from "./packing.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";
import type { SessionEnd } from "./session-errors.ts";

export interface SessionTiming {
  readonly heartbeatMs: number;
  /** How long an answer or acknowledgement may be missing before it is asked for again. */
  readonly repairMs: number;
  readonly handshakeMs: number;
}

/** What a session needs of the hub it belongs to. */
export interface SessionOwner {
  readonly host: ReplicaHost;
  readonly incarnation: ReplicaId;
  readonly label: string;
  readonly timing: SessionTiming;
  /** Peers whose clock is off by more are refused. */
  readonly clockOffMaxMs: number;
  /** What is spoken beyond documents. */
  readonly extensions: Iterable<Extension>;
  /** Who may come in; everybody where there is none. */
  readonly guard: Guard | undefined;
  /** Packs frames for peers that unpack them; undefined where frames travel plain. */
  readonly packing: Packing | undefined;
  /** What a peer that connected to us may send; undefined where it is not limited. */
  readonly rate: RateOptions | undefined;
  /** The peer said hello; throws what speaks against it. */
  greeted(session: Session): void;
  /** Finds or opens the document a peer asks for; throws or rejects with the reason for a refusal. */
  roomFor(session: Session, name: string): Room | Promise<Room>;
  refused(session: Session, name: string, explanation: string): void;
  ended(session: Session, end: SessionEnd): void;
  left(session: Session, link: Link): void;
  /** The peer said what it has merged or stored. */
  progressed(session: Session, link: Link): void;
  /** A round trip to the peer took so long. */
  measured(session: Session, roundTripMs: number): void;
  /** Which documents the peer may know of; undefined where it may all. */
  visibleTo(session: Session): ((name: string) => boolean) | undefined;
  /** A room that was asked for is not needed after all. */
  vacated(room: Room): void;
}
