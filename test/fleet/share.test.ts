// Rendezvous hashing: even shares that stay where they are when somebody comes or goes.

import { expect, test } from "vitest";
import { preferredAgent } from "../../host/fleet/share.ts";

const paths = Array.from({ length: 4000 }, (_, index) => `folder-${index % 7}/file-${index}.md`);
const agents = ["00000000000000a1", "00000000000000a2", "00000000000000a3", "00000000000000a4"];

test("four agents get about a quarter each, whatever the order of their names", () => {
  const shares = new Map<string | undefined, number>();
  for (const path of paths) {
    const agent = preferredAgent(path, agents);
    expect(preferredAgent(path, agents.toReversed())).toBe(agent);
    shares.set(agent, (shares.get(agent) ?? 0) + 1);
  }
  for (const agent of agents) expect(shares.get(agent)).toBeGreaterThan(850);
});

test("only the share of an agent that goes moves", () => {
  const left = agents.slice(0, 3);
  for (const path of paths) {
    const before = preferredAgent(path, agents);
    if (before !== agents[3]) expect(preferredAgent(path, left)).toBe(before);
  }
});

test("nobody is preferred where nobody is", () => {
  expect(preferredAgent("a", [])).toBeUndefined();
});
