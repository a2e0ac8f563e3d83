import fc from "fast-check";
import { expect, it } from "vitest";
import { logarithm } from "../../../host/memory/recall/logarithm.ts";

it("is the logarithm within two units in the last place", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
      const exact = Math.log(x);
      expect(Math.abs(logarithm(x) - exact)).toBeLessThanOrEqual(Math.max(4.5e-16 * Math.abs(exact), 3e-16));
    }),
  );
});

it("gives the same bits everywhere", () => {
  const bits = new Float64Array([1.5, 7, 1234.5678, 0.001, 1e-9].map(logarithm));
  expect(Buffer.from(bits.buffer).toString("hex")).toBe(
    "4c98bfec23f3d93f565a32ae7222ff3fd79117d551791c40a0ff8f998aa11bc0b8ff2bf327b934c0",
  );
});
