// Parts of the protocol beyond documents and their streams (presence, membership, …). Each has a bit in the hello and
// frame types of its own; it speaks on a connection only when both ends have the bit, so that replicas with and
// without it talk to each other. Frames are control frames: type, content, checksum.
import type { CrdtError } from "../errors.ts";
import type { Transport } from "../platform/transport.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { xxhash32 } from "../wire/xxhash32.ts";
import { FrameReader, malformed } from "./frame-reader.ts";
import type { Role } from "./handshake.ts";
import type { Link } from "./link.ts";
import { CHECKSUM_BYTES, type Hello, STREAM_OF_ONE } from "./messages.ts";
import type { Room } from "./room.ts";

/** Type bytes from here up to the stream's belong to extensions. */
const EXTENSION_TYPES_FROM = 16;

export interface Extension {
  /** One bit of `hello.features`. */
  readonly feature: number;
  /** The type bytes of its frames. */
  readonly types: readonly number[];
  /** Both ends have it: the handshake is over, and no document is subscribed yet. */
  open(peer: ExtensionPeer): ExtensionEnd;
  /** A document is carried from now on, by whatever connections; it may set `room.watcher`. */
  carry?(room: Room): void;
}

/** One connection, as an extension sees it. */
export interface ExtensionPeer {
  readonly role: Role;
  readonly transport: Transport;
  readonly hello: Hello;
  /** Documents the connection carries now. */
  readonly links: Iterable<Link>;
  linkOf(name: string): Link | undefined;
  /** The document that the peer gave this number. */
  linkByPeerIndex(index: number): Link | undefined;
  /** Which documents the peer may know of; undefined where it may all. */
  readonly visible: ((name: string) => boolean) | undefined;
  /** Sends a control frame of this type whose content `write` writes. */
  sendFrame(type: number, write: (writer: ByteWriter) => void): void;
  /** Ends the connection and tells the peer why. */
  close(error: CrdtError): void;
}

/** What an extension is given of a session. */
export interface ExtendedSession {
  readonly role: Role;
  readonly transport: Transport;
  readonly links: Iterable<Link>;
  linkOf(name: string): Link | undefined;
  linkByPeerIndex(index: number): Link | undefined;
  send(frame: Uint8Array): void;
  close(error: CrdtError): void;
}

/** A session as extensions see it. */
export function extensionPeerOf(
  session: ExtendedSession,
  hello: Hello,
  visible: ExtensionPeer["visible"],
): ExtensionPeer {
  return {
    visible,
    role: session.role,
    transport: session.transport,
    hello,
    get links() {
      return session.links;
    },
    linkOf: (name) => session.linkOf(name),
    linkByPeerIndex: (index) => session.linkByPeerIndex(index),
    sendFrame: (type, write) => session.send(encodeExtensionFrame(type, write)),
    close: (error) => session.close(error),
  };
}

/** What an extension keeps for one connection. */
export interface ExtensionEnd {
  /** A frame came; what it throws ends the connection. `reader` stands at the content and ends before the checksum. */
  receive(type: number, reader: FrameReader): void;
  /** The peer has subscribed to a document. */
  joined?(link: Link): void;
  /** The connection has ended. */
  close(): void;
}

/** The extensions that speak on one connection. */
export class OpenExtensions {
  readonly #byType = new Map<number, ExtensionEnd>();
  readonly #ends: ExtensionEnd[] = [];

  /** Opens those of `own` that the peer has too. */
  open(own: Iterable<Extension>, peer: ExtensionPeer): void {
    for (const extension of own) {
      if ((peer.hello.features & extension.feature) === 0) continue;
      const end = extension.open(peer);
      this.#ends.push(end);
      for (const type of extension.types) this.#byType.set(type, end);
    }
  }

  /** Hands a frame over. Errors: protocol-error for a damaged one, or one that nobody here speaks. */
  receive(bytes: Uint8Array): void {
    const type = bytes[0]!;
    const end = this.#byType.get(type);
    if (end === undefined) throw malformed(`no frame of type ${type} was agreed on`);
    const bodyEnd = bytes.length - CHECKSUM_BYTES;
    if (bodyEnd < 1) throw malformed("it is too short for a checksum");
    if (new FrameReader(bytes, bodyEnd).u32() !== xxhash32(bytes, 0, 0, bodyEnd)) {
      throw malformed(`the checksum of a frame of type ${type} is wrong`);
    }
    end.receive(type, new FrameReader(bytes, 1, bodyEnd));
  }

  joined(link: Link): void {
    for (const end of this.#ends) end.joined?.(link);
  }

  close(): void {
    const ends = this.#ends.splice(0);
    this.#byType.clear();
    for (const end of ends) end.close();
  }
}

export function isExtensionType(type: number | undefined): boolean {
  return type !== undefined && type >= EXTENSION_TYPES_FROM && type < STREAM_OF_ONE;
}

/** Writes a control frame of an extension. */
export function encodeExtensionFrame(type: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(type);
  write(writer);
  writer.u32(xxhash32(writer.bytes, 0, 0, writer.length));
  return writer.toBytes();
}
