// Pauses between attempts to connect.
import { describe, expect, it } from "vitest";
import { Backoff } from "../../host/net/backoff.ts";

const withBytes = (byte: number) => new Backoff({ randomBytes: (count) => new Uint8Array(count).fill(byte) });

describe("pauses between attempts", () => {
  it("double up to ten seconds", () => {
    const backoff = withBytes(255);
    const pauses = Array.from({ length: 10 }, () => backoff.nextMs());
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000, 10_000]);
    backoff.reset();
    expect(backoff.nextMs()).toBe(200);
  });

  it("are anything down to nothing", () => {
    const backoff = withBytes(0);
    expect(Array.from({ length: 5 }, () => backoff.nextMs())).toEqual([0, 0, 0, 0, 0]);
    expect(withBytes(0x7f).nextMs()).toBe(100);
  });
});
