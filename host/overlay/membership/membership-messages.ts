// The frames of membership (docs/protocol.md, "Membership"): probes and their answers, which linked members forward,
// rumours, and the exchange of whole tables. Everything a peer sends is bounded here.
import {
  MEMBER_ADDRESS_BYTES_MAX,
  MEMBER_ADDRESSES_MAX,
  MEMBER_LINKS_MAX,
  MEMBER_META_BYTES_MAX,
  MEMBERS_MAX,
  PROBE_HOPS_MAX,
} from "../../limits.ts";
import { type FrameReader, malformed } from "../../net/frame-reader.ts";
import type { ByteWriter } from "../../wire/byte-writer.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import { MEMBER_STATES, type Member, type Rumour } from "./member.ts";

export const MEMBERSHIP_FEATURE = 1 << 7;
export const MEMBERSHIP_TYPES = { probe: 26, answer: 27, rumours: 28, exchange: 29 } as const;

/** The smallest rumour tells of no links: kind, member, version, how many. */
const RUMOUR_BYTES_MIN = 1 + 8 + 1 + 1;

interface Routed {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  /** Members that have forwarded it. */
  readonly hops: number;
  readonly sequence: number;
  readonly rumours: readonly Rumour[];
}

export type SwimMessage =
  /** Asks `to` for an answer; with a target, for a probe of that one on behalf of the sender. */
  | (Routed & { readonly type: "probe"; readonly target: ReplicaId | undefined })
  /** `isReached` is false where the target of an indirect probe gave no answer to the helper. */
  | (Routed & { readonly type: "answer"; readonly isReached: boolean })
  | { readonly type: "rumours"; readonly rumours: readonly Rumour[] }
  /** The hash of a table; with `rumours`, the table itself. */
  | { readonly type: "exchange"; readonly hash: number; readonly rumours: readonly Rumour[] | undefined };

const encoder = new TextEncoder();

export function writeSwimMessage(writer: ByteWriter, message: SwimMessage): void {
  if (message.type === "probe" || message.type === "answer") {
    writer.u8(message.hops);
    writer.replicaId(message.from);
    writer.replicaId(message.to);
    writer.varint(message.sequence);
    if (message.type === "answer") writer.u8(message.isReached ? 1 : 0);
    else {
      writer.u8(message.target === undefined ? 0 : 1);
      if (message.target !== undefined) writer.replicaId(message.target);
    }
  } else if (message.type === "exchange") {
    writer.u32(message.hash);
    writer.u8(message.rumours === undefined ? 0 : 1);
  }
  if (message.rumours !== undefined) writeRumours(writer, message.rumours);
}

/** Errors: protocol-error. */
export function readSwimMessage(type: number, reader: FrameReader): SwimMessage {
  const message = readContent(type, reader);
  reader.done();
  return message;
}

function readContent(type: number, reader: FrameReader): SwimMessage {
  if (type === MEMBERSHIP_TYPES.rumours) return { type: "rumours", rumours: readRumours(reader) };
  if (type === MEMBERSHIP_TYPES.exchange) {
    const hash = reader.u32();
    return { type: "exchange", hash, rumours: readFlag(reader) ? readRumours(reader) : undefined };
  }
  const hops = reader.u8();
  if (hops > PROBE_HOPS_MAX) throw malformed(`a probe forwarded ${hops} times`);
  const [from, to, sequence] = [reader.replicaId(), reader.replicaId(), reader.varint()];
  const isSet = readFlag(reader);
  if (type === MEMBERSHIP_TYPES.answer) {
    return { type: "answer", hops, from, to, sequence, isReached: isSet, rumours: readRumours(reader) };
  }
  const target = isSet ? reader.replicaId() : undefined;
  return { type: "probe", hops, from, to, sequence, target, rumours: readRumours(reader) };
}

function writeRumours(writer: ByteWriter, rumours: readonly Rumour[]): void {
  writer.varint(rumours.length);
  for (const rumour of rumours) writeRumour(writer, rumour);
}

function writeRumour(writer: ByteWriter, rumour: Rumour): void {
  if (rumour.kind === "links") {
    writer.u8(MEMBER_STATES.length);
    writer.replicaId(rumour.id);
    writer.varint(rumour.version);
    writer.varint(rumour.opened.length);
    for (const id of rumour.opened) writer.replicaId(id);
    return;
  }
  const { member, from } = rumour;
  writer.u8(MEMBER_STATES.indexOf(member.state));
  writer.replicaId(member.id);
  writer.replicaId(from);
  writer.varint(member.incarnation);
  writer.u8(member.addresses.length);
  for (const address of member.addresses) writeText(writer, address);
  writeText(writer, member.region);
  writer.varint(member.features);
  writer.varint(member.meta.length);
  writer.append(member.meta);
}

function readRumours(reader: FrameReader): Rumour[] {
  const count = reader.varint(2 * MEMBERS_MAX);
  if (count * RUMOUR_BYTES_MIN > reader.remaining) throw malformed(`a list of ${count} rumours is cut off`);
  return Array.from({ length: count }, () => readRumour(reader));
}

function readRumour(reader: FrameReader): Rumour {
  const kind = reader.u8();
  const id = reader.replicaId();
  if (kind === MEMBER_STATES.length) {
    const version = reader.varint();
    const count = reader.varint(MEMBER_LINKS_MAX);
    return { kind: "links", id, version, opened: Array.from({ length: count }, () => reader.replicaId()) };
  }
  const state = MEMBER_STATES[kind];
  if (state === undefined) throw malformed(`a rumour of kind ${kind}`);
  const from = reader.replicaId();
  const incarnation = reader.varint();
  const addressCount = reader.u8();
  if (addressCount > MEMBER_ADDRESSES_MAX) throw malformed(`a member with ${addressCount} addresses`);
  const addresses = Array.from({ length: addressCount }, () => reader.text());
  const region = reader.text();
  const features = reader.varint();
  const meta = reader.view(reader.varint(MEMBER_META_BYTES_MAX)).slice();
  const member: Member = { id, incarnation, state, addresses, region, features, meta };
  return { kind: "member", member, from };
}

function readFlag(reader: FrameReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw malformed(`flag ${flag}`);
  return flag === 1;
}

/** Longer texts were refused where they came from. */
function writeText(writer: ByteWriter, text: string): void {
  const bytes = encoder.encode(text).subarray(0, MEMBER_ADDRESS_BYTES_MAX);
  writer.u8(bytes.length);
  writer.append(bytes);
}
