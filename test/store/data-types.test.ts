// Data types that are views of entries come back from disk as they were, under the same rules and definitions.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  bounded,
  createReplica,
  maximum,
  minimum,
  multiMap,
  multiValue,
  schema,
  sum,
  vote,
  workflow,
} from "../../host/index.ts";

const root = mkdtempSync(join(tmpdir(), "jarvis-data-types-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const Everything = schema({
  title: multiValue<string>(),
  totals: multiMap<Record<string, number>>({ resolve: sum() }),
  most: maximum(),
  least: minimum(),
  stock: bounded(),
  votes: vote(),
  doors: workflow({
    name: "door",
    states: ["open", "shut"],
    initial: "open",
    transitions: [{ name: "shut", from: "open", to: "shut", guard: { has: { context: "hinge" } } }],
  }),
});

test.each(["baseline", "wasm"] as const)("every data type survives a restart on %s", async (engine) => {
  const storage = join(root, engine);
  const first = await createReplica({ storage, engine });
  const home = await first.open("home", Everything);
  const other = await (await createReplica({ engine })).open("home", Everything);
  home.title.set("a");
  other.title.set("b");
  home.totals.set("k", 1);
  other.totals.set("k", 2);
  home.most.offer(7);
  home.least.offer(-0);
  home.stock.topUp(10);
  home.stock.spend(3);
  const proposal = home.votes.propose({ options: ["x"], electorate: { [first.id]: 1 }, threshold: 1 });
  home.votes.cast(proposal, "x", { final: true });
  home.doors.start("front", { hinge: 1 });
  home.doors.transition("front", "shut");
  home.merge(other.deltaSince(home.versionVector()));
  const [view, digest] = [home.toJSON(), home.digest()];
  await first.close();

  const again = await createReplica({ storage, engine });
  const restored = await again.open("home", Everything);
  expect([restored.toJSON(), restored.digest()]).toEqual([view, digest]);
  expect(restored.totals.get("k")).toBe(3);
  expect(restored.totals.decisions().map(({ key }) => key)).toEqual(["k"]);
  expect(restored.title.isConflicted).toBe(true);
  expect([restored.stock.rights, restored.votes.decision(proposal)]).toEqual([
    7,
    { status: "decided", option: "x" },
  ]);
  expect(() => restored.doors.transition("front", "shut")).toThrow(/it is "shut"/);
  restored.stock.spend(7);
  expect(restored.stock.value).toBe(0);
  await again.close();
});
