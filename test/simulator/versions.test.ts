// Versions of the protocol side by side in one fleet, as their hellos name them: what overlaps talks, under every fault,
// and what does not is refused. All of them run the code of today; what a later version changes it will have to bring.
import { expect, it } from "vitest";
import { OWN_VERSIONS } from "../../host/net/handshake.ts";
import { simulate } from "../../host/simulator/index.ts";

const { versionMax: today } = OWN_VERSIONS;
const later = { versionMin: today, versionMax: today + 1 };
const tooLate = { versionMin: today + 1, versionMax: today + 1 };

it.each([1, 2, 3])(
  "seed %i: nodes that also speak a later version agree with those that do not",
  async (seed) => {
    const versionsOf = (node: number) => (node % 2 === 0 ? later : undefined);
    const { violations, convergedMs, silentMs } = await simulate({ seed, nodes: 10, seconds: 3, versionsOf });
    expect(violations).toEqual([]);
    expect(convergedMs).toBeDefined();
    expect(silentMs).toBeDefined();
  },
);

it("a node that speaks a later version only is refused, and takes nothing from the others", async () => {
  const { violations } = await simulate({
    seed: 1,
    nodes: 4,
    seconds: 2,
    topology: "star",
    faults: [],
    healSeconds: 3,
    versionsOf: (node) => (node === 3 ? tooLate : undefined),
  });
  expect(violations.map(({ check, node }) => [check, node])).toEqual([["the fleet converges", 3]]);
});
