// The preamble of real deltas read and written back to the same bytes; broken ones refused.
import { describe, expect, it } from "vitest";
import { createBaselineEngine } from "../../host/engine/baseline/baseline-engine.ts";
import { type EngineDocument, OPCODES } from "../../host/engine/engine.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import {
  forEachReplica,
  readDeltaHeader,
  readDeltaKind,
  writeDeltaHeader,
} from "../../host/wire/delta-header.ts";
import { parseReplicaId } from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";

const ids = ["00000000000000a1", "ff000000000000a2"].map(parseReplicaId);

function document(index: number): EngineDocument {
  return createBaselineEngine().createDocument({
    replica: ids[index]!,
    hashSeed: [1, 2],
    driftLimitMs: 60_000,
  });
}

function increment(target: EngineDocument, name: string): void {
  const writer = new ByteWriter();
  writer.u8(OPCODES.increment);
  writer.u16(target.container("counter", name));
  writer.f64(1);
  target.mutate(writer.bytes, writer.length, 1_000);
}

function twoReplicas(): EngineDocument {
  const [first, second] = [document(0), document(1)];
  increment(second, "ünits");
  increment(second, "visits");
  first.merge(second.snapshot(), 1_000, false);
  increment(first, "visits");
  return first;
}

describe("a delta's header", () => {
  it("tells kind, replicas and containers", () => {
    const source = twoReplicas();
    const complete = readDeltaHeader(source.deltaSince(new VersionVector([[ids[1]!, 1]]).encode()));
    expect(complete.kind).toBe("delta");
    expect(complete.replicas).toEqual([
      { id: ids[0], base: 0, to: 1 },
      { id: ids[1], base: 1, to: 2 },
    ]);
    expect(complete.containers).toEqual([{ type: "counter", name: "visits" }]);
    expect(complete.baseTimestamp).toBeGreaterThanOrEqual(1_024_000);
    expect(readDeltaHeader(source.localDelta(0))).toMatchObject({
      kind: "stream",
      replicas: [{ id: ids[0], base: 0, to: 1 }],
    });
    expect(readDeltaHeader(source.snapshot())).toMatchObject({
      kind: "snapshot",
      containers: [
        { type: "counter", name: "visits" },
        { type: "counter", name: "ünits" },
      ],
    });
  });

  it("is written back as it was", () => {
    const source = twoReplicas();
    for (const bytes of [
      source.snapshot(),
      source.localDelta(0),
      source.deltaSince(new VersionVector().encode()),
    ]) {
      const header = readDeltaHeader(bytes);
      const writer = new ByteWriter(1);
      writeDeltaHeader(writer, header);
      expect(writer.length).toBe(header.bodyOffset);
      expect(Buffer.from(writer.toBytes()).toString("hex")).toBe(
        Buffer.from(bytes.subarray(0, header.bodyOffset)).toString("hex"),
      );
    }
  });

  it("stops at the container table when only replicas are asked for", () => {
    const bytes = twoReplicas().snapshot();
    const rows: string[] = [];
    const end = forEachReplica(bytes, (id, base, to) => rows.push(`${id} ${base} ${to}`));
    expect(rows).toEqual([`${ids[0]} 0 1`, `${ids[1]} 0 2`]);
    expect(bytes[end]).toBe(2);
  });

  it("refuses what is no delta", () => {
    const bytes = twoReplicas().snapshot();
    const with_ = (offset: number, value: number): Uint8Array =>
      bytes.slice().fill(value, offset, offset + 1);
    const codeOf = (damaged: Uint8Array): string => {
      try {
        readDeltaHeader(damaged);
        return "none";
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(codeOf(with_(0, 0))).toBe("malformed-delta");
    expect(codeOf(with_(2, 9))).toBe("unsupported-version");
    expect(codeOf(with_(3, 3))).toBe("malformed-delta");
    expect(codeOf(with_(11, 0xff))).toBe("malformed-delta");
    expect(codeOf(with_(readDeltaHeader(bytes).bodyOffset - 8, 99))).toBe("unsupported-type");
    const noText = with_(readDeltaHeader(bytes).bodyOffset - 6, 0xff);
    expect(() => readDeltaHeader(noText)).toThrow(
      expect.objectContaining({ code: "malformed-delta", message: expect.stringContaining("no UTF-8") }),
    );
    expect(codeOf(bytes.subarray(0, 15))).toBe("malformed-delta");
    for (let length = 16; length < readDeltaHeader(bytes).bodyOffset; length++) {
      expect(codeOf(bytes.subarray(0, length))).toBe("malformed-delta");
    }
    expect(() => readDeltaKind(new Uint8Array(3))).toThrow(/3 bytes are too few/);
  });

  it("limits what its tables may announce", () => {
    const huge = Uint8Array.from([0x4a, 0x43, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x80, 4, 0, 0, 0, 0]);
    expect(() => readDeltaHeader(huge)).toThrow(/65536 replicas; at most 65535/);
    const containers = Uint8Array.from([0x4a, 0x43, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 8, 0, 0, 0, 0]);
    expect(() => readDeltaHeader(containers)).toThrow(/1025 containers; at most 1024/);
  });
});
