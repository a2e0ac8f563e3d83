// The frames of membership and lazy push: what is written is read, each limit holds, and damaged bytes are refused.
import { describe, expect, it } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import {
  HAVE_ROWS_MAX,
  MEMBER_ADDRESS_BYTES_MAX,
  MEMBER_ADDRESSES_MAX,
  MEMBER_LINKS_MAX,
  MEMBER_META_BYTES_MAX,
  MEMBERS_MAX,
  PROBE_HOPS_MAX,
} from "../../host/limits.ts";
import { FrameReader } from "../../host/net/frame-reader.ts";
import { type Have, readHave, writeHave } from "../../host/overlay/lazy-push/lazy-push-messages.ts";
import type { LinksRumour, Member, MemberRumour } from "../../host/overlay/membership/member.ts";
import {
  MEMBERSHIP_TYPES,
  readSwimMessage,
  type SwimMessage,
  writeSwimMessage,
} from "../../host/overlay/membership/membership-messages.ts";
import { Swim } from "../../host/overlay/membership/swim.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { DESCRIPTION, idOf } from "./swim-world.ts";
import { randomFrom } from "./virtual-world.ts";

const member: Member = {
  id: idOf(1),
  incarnation: 7,
  state: "suspect",
  addresses: ["ws://one:1", "ws://two:2"],
  region: "north",
  meta: Uint8Array.of(1, 2, 3),
  features: 300,
};
const rumour: MemberRumour = { kind: "member", member, from: idOf(2) };
const links: LinksRumour = { kind: "links", id: idOf(3), version: 9, opened: [idOf(4), idOf(5)] };
const routed = { from: idOf(6), to: idOf(7), hops: 3, sequence: 1_000 };

function bytesOf(message: SwimMessage): Uint8Array {
  const writer = new ByteWriter();
  writeSwimMessage(writer, message);
  return writer.toBytes();
}

const read = (type: SwimMessage["type"], bytes: Uint8Array): SwimMessage =>
  readSwimMessage(MEMBERSHIP_TYPES[type], new FrameReader(bytes));

function codeOf(step: () => unknown): string | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    return isCrdtError(error) ? error.code : String(error);
  }
}

const MESSAGES: readonly SwimMessage[] = [
  { type: "probe", ...routed, target: undefined, rumours: [rumour, links] },
  { type: "probe", ...routed, target: idOf(8), rumours: [] },
  { type: "answer", ...routed, isReached: false, rumours: [links] },
  { type: "rumours", rumours: [rumour, links, { ...rumour, member: { ...member, state: "left" } }] },
  { type: "exchange", hash: 0xfedcba98, rumours: undefined },
  { type: "exchange", hash: 0, rumours: [rumour] },
];

describe("frames of membership", () => {
  it.each(MESSAGES)("are read as they were written: $type", (message) => {
    expect(read(message.type, bytesOf(message))).toEqual(message);
  });

  it("are refused when cut off, and never trap when changed", () => {
    const random = randomFrom(3);
    for (const message of MESSAGES) {
      const bytes = bytesOf(message);
      for (let length = 0; length < bytes.length; length++) {
        expect(codeOf(() => read(message.type, bytes.subarray(0, length)))).toBe("protocol-error");
      }
      for (let round = 0; round < 2_000; round++) {
        const changed = bytes.slice();
        changed[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
        expect([undefined, "protocol-error"]).toContain(codeOf(() => read(message.type, changed)));
      }
    }
  });

  it("stay within their limits", () => {
    const say = (change: Partial<Member>): SwimMessage => ({
      type: "rumours",
      rumours: [{ ...rumour, member: { ...member, ...change } }],
    });
    const judge = (message: SwimMessage) => codeOf(() => read(message.type, bytesOf(message)));
    const ids = (count: number): ReplicaId[] => Array.from({ length: count }, (_, number) => idOf(number));
    expect(judge(say({ meta: new Uint8Array(MEMBER_META_BYTES_MAX) }))).toBe(undefined);
    expect(judge(say({ meta: new Uint8Array(MEMBER_META_BYTES_MAX + 1) }))).toBe("protocol-error");
    expect(judge(say({ addresses: Array(MEMBER_ADDRESSES_MAX).fill("a") }))).toBe(undefined);
    expect(judge(say({ addresses: Array(MEMBER_ADDRESSES_MAX + 1).fill("a") }))).toBe("protocol-error");
    expect(judge(say({ region: "r".repeat(MEMBER_ADDRESS_BYTES_MAX + 1) }))).toBe(undefined);
    expect(judge({ type: "rumours", rumours: [{ ...links, opened: ids(MEMBER_LINKS_MAX) }] })).toBe(
      undefined,
    );
    expect(judge({ type: "rumours", rumours: [{ ...links, opened: ids(MEMBER_LINKS_MAX + 1) }] })).toBe(
      "protocol-error",
    );
    const probe = (hops: number): SwimMessage => ({
      type: "probe",
      ...routed,
      hops,
      target: undefined,
      rumours: [],
    });
    expect(judge(probe(PROBE_HOPS_MAX))).toBe(undefined);
    expect(judge(probe(PROBE_HOPS_MAX + 1))).toBe("protocol-error");
    const least: SwimMessage = {
      type: "rumours",
      rumours: Array(50).fill({ ...links, version: 1, opened: [] }),
    };
    expect([bytesOf(least).length, judge(least)]).toEqual([1 + 50 * 11, undefined]);
    // Of a list that cannot fit nothing is read and nothing reserved.
    expect(() => read("rumours", bytesOf(least).subarray(0, 50 * 11))).toThrow("50 rumours is cut off");
    const many = new ByteWriter();
    many.varint(2 * MEMBERS_MAX + 1);
    many.append(new Uint8Array(4 * MEMBERS_MAX));
    expect(codeOf(() => read("rumours", many.toBytes()))).toBe("protocol-error");
  });
});

describe("a table of members", () => {
  it("takes no more than its limit, and gives the place of one long gone", () => {
    const swim = new Swim(idOf(MEMBERS_MAX + 10), DESCRIPTION, 0, randomFrom(1));
    const tell = (number: number, state: Member["state"], incarnation = 1) =>
      swim.table.apply(
        { kind: "member", member: { ...member, id: idOf(number), state, incarnation }, from: idOf(2) },
        undefined,
        number,
      );
    for (let number = 0; number < MEMBERS_MAX; number++) tell(number, "alive");
    expect(swim.table.size).toBe(MEMBERS_MAX);
    expect(swim.table.get(idOf(MEMBERS_MAX - 1))).toBe(undefined);
    tell(5, "dead");
    tell(MEMBERS_MAX, "alive");
    expect(swim.table.get(idOf(MEMBERS_MAX))?.state).toBe("alive");
    expect(swim.table.get(idOf(5))).toBe(undefined);
  });
});

describe("a have", () => {
  const bytesOfHave = (have: Have): Uint8Array => {
    const writer = new ByteWriter();
    writeHave(writer, have);
    return writer.toBytes();
  };
  const rows = (count: number) => Array.from({ length: count }, (_, number) => [number, 1] as const);

  it("is read as it was written, by slot and by id", () => {
    const have: Have = {
      index: 300,
      isPushed: true,
      rows: [
        [5, 9],
        [idOf(4), 1],
      ],
    };
    expect(readHave(new FrameReader(bytesOfHave(have)))).toEqual(have);
  });

  it("names no more than its limit", () => {
    const judge = (count: number) =>
      codeOf(() => readHave(new FrameReader(bytesOfHave({ index: 0, isPushed: false, rows: rows(count) }))));
    expect(judge(HAVE_ROWS_MAX)).toBe(undefined);
    expect(judge(HAVE_ROWS_MAX + 1)).toBe("protocol-error");
  });
});
