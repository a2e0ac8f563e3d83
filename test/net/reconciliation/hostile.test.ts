// Peers that do not keep to the comparison: requests no client makes, answers no server gives. Each ends its connection
// with protocol-error, or the comparison with it, and costs no more than the limits say.
import { describe, expect, it } from "vitest";
import { COMPARISON_LIST_MAX, COMPARISON_NAMES_MAX, COMPARISON_RANGES_MAX } from "../../../host/limits.ts";
import { type ExtensionPeer, encodeExtensionFrame } from "../../../host/net/extension.ts";
import { FrameReader } from "../../../host/net/frame-reader.ts";
import { AnsweringEnd } from "../../../host/net/reconciliation/answering-end.ts";
import { findDifferences } from "../../../host/net/reconciliation/comparison.ts";
import type { DocumentIndex } from "../../../host/net/reconciliation/document-index.ts";
import { ItemTree, placeOf } from "../../../host/net/reconciliation/item-tree.ts";
import {
  ANSWER_TYPE,
  type Answer,
  FEATURE,
  REQUEST_TYPE,
  type Request,
  readAnswer,
  readRequest,
  writeNames,
  writeRanges,
  writeRequest,
} from "../../../host/net/reconciliation/messages.ts";
import { ByteWriter } from "../../../host/wire/byte-writer.ts";
import { EMPTY_FINGERPRINT, type Fingerprint } from "../../../host/wire/fingerprint.ts";
import { createNode } from "../fleet.ts";
import { connectScripted, hello, type ScriptedPeer } from "../scripted-peer.ts";

const ANY: Fingerprint = [1, 2, 3, 4];
const compareAll: Request = { kind: "compare", prefix: "", fingerprint: ANY };

async function connectClient(): Promise<{ readonly peer: ScriptedPeer; ask(request: Request): void }> {
  const peer = connectScripted(createNode(1));
  peer.say(hello({ features: FEATURE }));
  await peer.hear("hello");
  const ask = (request: Request) =>
    peer.transport.send(encodeExtensionFrame(REQUEST_TYPE, (writer) => writeRequest(writer, request)));
  return { peer, ask };
}

const bytesOf = (write: (writer: ByteWriter) => void): FrameReader => {
  const writer = new ByteWriter();
  write(writer);
  return new FrameReader(writer.toBytes());
};

describe("a client", () => {
  const hostile: Record<string, (ask: (request: Request) => void, peer: ScriptedPeer) => void> = {
    "that expands before it compared": (ask) => ask({ kind: "expand", ranges: ["a"] }),
    "that answers": (_ask, { transport }) =>
      transport.send(encodeExtensionFrame(ANSWER_TYPE, (writer) => writer.u8(0))),
    "that asks for nothing known": (_ask, { transport }) =>
      transport.send(encodeExtensionFrame(REQUEST_TYPE, (writer) => writer.u8(9))),
    "that goes on behind its request": (_ask, { transport }) =>
      transport.send(
        encodeExtensionFrame(REQUEST_TYPE, (writer) => {
          writeRequest(writer, compareAll);
          writer.u8(0);
        }),
      ),
  };
  it.each(Object.keys(hostile))("%s is shown the door", async (name) => {
    const { peer, ask } = await connectClient();
    hostile[name]!(ask, peer);
    expect(await peer.hear("goodbye")).toMatchObject({ code: "protocol-error" });
  });

  it("that does not wait for the answer is refused", () => {
    const index = { ready: () => new Promise(() => {}) } as unknown as DocumentIndex;
    const end = new AnsweringEnd({} as unknown as ExtensionPeer, index);
    const ask = () =>
      end.receive(
        REQUEST_TYPE,
        bytesOf((writer) => writeRequest(writer, compareAll)),
      );
    ask();
    expect(ask).toThrow("before the last one was answered");
  });

  it("that changes its prefix is shown the door", async () => {
    const { peer, ask } = await connectClient();
    const answered = new Promise<void>((resolve) => {
      peer.transport.onMessage((bytes) => bytes[0] === ANSWER_TYPE && resolve());
    });
    ask(compareAll);
    await answered;
    const closed = new Promise((resolve) => peer.transport.onClose(resolve));
    ask({ kind: "compare", prefix: "other", fingerprint: ANY });
    expect(await closed).toMatchObject({ code: 1002 });
  });

  it.each([
    ["ranges", { kind: "expand", ranges: new Array<string>(COMPARISON_RANGES_MAX + 1).fill("a") }],
    ["names", { kind: "names", places: new Array<string>(COMPARISON_NAMES_MAX + 1).fill(placeOf("a")) }],
    ["nothing", { kind: "expand", ranges: [] }],
  ] as const)("that asks for too many %s is refused, and one fewer is not", (_what, request) => {
    expect(() => readRequest(bytesOf((writer) => writeRequest(writer, request)))).toThrow("malformed frame");
    const list =
      request.kind === "names"
        ? { ...request, places: request.places.slice(1) }
        : { kind: "expand" as const, ranges: request.ranges.slice(1) };
    if ((list.kind === "names" ? list.places : list.ranges).length > 0) {
      expect(readRequest(bytesOf((writer) => writeRequest(writer, list)))).toEqual(list);
    }
  });

  it("that names a range deeper than there are digits, or with digits behind its end, is refused", () => {
    const deep = bytesOf((writer) => {
      writer.u8(1);
      writer.varint(1);
      writer.u8(17);
      for (let byte = 0; byte < 9; byte++) writer.u8(0);
    });
    expect(() => readRequest(deep)).toThrow("17 digits");
    const behind = bytesOf((writer) => {
      writer.u8(1);
      writer.varint(1);
      writer.u8(1);
      writer.u8(0xab);
    });
    expect(() => readRequest(behind)).toThrow("behind them");
  });
});

describe("a server", () => {
  const expandA: Request = { kind: "expand", ranges: ["a"] };
  const itemAt = (place: string) => ({ place, names: ["x"], fingerprint: ANY });

  it("that lists what lies outside the range, twice, in disorder or too much is refused", () => {
    const lists = [
      [itemAt("b000000000000000")],
      [itemAt("a000000000000001"), itemAt("a000000000000001")],
      [itemAt("a000000000000002"), itemAt("a000000000000001")],
      Array.from({ length: COMPARISON_LIST_MAX + 1 }, (_, index) =>
        itemAt(`a${index.toString(16).padStart(15, "0")}`),
      ),
    ];
    for (const list of lists) {
      expect(() =>
        readAnswer(
          bytesOf((writer) => writeRanges(writer, [list])),
          expandA,
        ),
      ).toThrow("malformed frame");
    }
    const most = lists[3]!.slice(1);
    const read = readAnswer(
      bytesOf((writer) => writeRanges(writer, [most])),
      expandA,
    );
    expect(read).toMatchObject({ kind: "ranges", expansions: [{ kind: "list" }] });
  });

  it("that cuts what cannot be cut, or answers another question, is refused", () => {
    const cut = Array.from({ length: 16 }, () => ANY);
    const whole: Request = { kind: "expand", ranges: ["a000000000000000"] };
    expect(() =>
      readAnswer(
        bytesOf((writer) => writeRanges(writer, [cut])),
        whole,
      ),
    ).toThrow("malformed frame");
    expect(() =>
      readAnswer(
        bytesOf((writer) => writer.u8(0)),
        expandA,
      ),
    ).toThrow("does not answer expand");
    expect(() =>
      readAnswer(
        bytesOf((writer) => writeNames(writer, [])),
        expandA,
      ),
    ).toThrow("does not answer expand");
    expect(() =>
      readAnswer(
        bytesOf((writer) => writer.u8(7)),
        expandA,
      ),
    ).toThrow("unknown answer");
  });

  it("that gives names of other places, of none, or outside the prefix ends the comparison", async () => {
    for (const name of ["other", "asked/other", "", "x".repeat(256), "outside"]) {
      const place = name === "outside" ? placeOf("outside") : placeOf("asked/for");
      const ask = async (request: Request): Promise<Answer> =>
        request.kind === "names"
          ? { kind: "names", names: [[name]] }
          : { kind: "ranges", expansions: [{ kind: "list", items: [{ place, first: 1, second: 2 }] }] };
      await expect(findDifferences(new ItemTree(), "asked/", ask)).rejects.toMatchObject({
        code: "protocol-error",
      });
    }
  });

  it("that always claims more differences is left after a bounded number of requests", async () => {
    let asked = 0;
    const branches = Array.from({ length: 16 }, () => ANY);
    const ask = async (request: Request): Promise<Answer> => {
      asked++;
      const ranges = request.kind === "expand" ? request.ranges : [""];
      return {
        kind: "ranges",
        expansions: ranges.map((range) =>
          range.length < 16 ? { kind: "cut", branches } : { kind: "list", items: [] },
        ),
      };
    };
    await expect(findDifferences(new ItemTree(), "", ask)).rejects.toMatchObject({ code: "protocol-error" });
    expect(asked).toBe(4_096);
  });

  it("that claims a hundred thousand differences is believed so far and no further", async () => {
    let next = 0;
    const ask = async (request: Request): Promise<Answer> => {
      if (request.kind === "names") return { kind: "names", names: request.places.map(() => []) };
      const ranges = request.kind === "expand" ? request.ranges : [""];
      return {
        kind: "ranges",
        expansions: ranges.map((range) => {
          if (range.length < 4) return { kind: "cut", branches: Array.from({ length: 16 }, () => ANY) };
          const items = Array.from({ length: COMPARISON_LIST_MAX }, () => {
            return { place: range + (next++).toString(16).padStart(12, "0"), first: 1, second: 2 };
          });
          return { kind: "list", items };
        }),
      };
    };
    const found = await findDifferences(new ItemTree(), "", ask);
    expect(found).toMatchObject({ isCut: true, names: [] });
    expect(next).toBeGreaterThanOrEqual(100_000);
    expect(next).toBeLessThan(100_000 + COMPARISON_RANGES_MAX * COMPARISON_LIST_MAX);
  });

  it("that says every branch is empty costs one request", async () => {
    const tree = new ItemTree();
    tree.set("a", ANY);
    const ask = async (): Promise<Answer> => ({
      kind: "ranges",
      expansions: [{ kind: "cut", branches: Array.from({ length: 16 }, () => EMPTY_FINGERPRINT) }],
    });
    expect(await findDifferences(tree, "", ask)).toEqual({ names: ["a"], requests: 1, isCut: false });
  });
});
