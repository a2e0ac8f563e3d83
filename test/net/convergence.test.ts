// Replicas that reach each other by one path or another end up equal, and then say nothing more.
import { describe, expect, it } from "vitest";
import { converged, createNode, join, openHome, pause } from "./fleet.ts";

describe("two replicas", () => {
  it("converge through a relay that has no schema", async () => {
    const [a, b, relay] = [createNode(1), createNode(2), createNode(3)];
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    homeA.visits.increment(3);
    homeB.settings.set("theme", "dark");
    join(a, relay);
    join(b, relay);
    await converged([a, b, relay]);
    homeA.tags.add("warm");
    homeB.visits.increment(4);
    homeB.events.append(1);
    await converged([a, b, relay]);
    expect(homeA.visits.value).toBe(7);
    expect(homeB.tags.has("warm")).toBe(true);
    expect(homeA.settings.get("theme")).toBe("dark");
    expect(homeA.events.size).toBe(1);
  });

  it("converge peer to peer", async () => {
    const [a, b] = [createNode(1), createNode(2)];
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    join(a, b);
    homeA.visits.increment(5);
    homeB.visits.increment(6);
    await converged([a, b]);
    expect([homeA.visits.value, homeB.visits.value]).toEqual([11, 11]);
  });

  it("merge what both did while apart", async () => {
    const [a, b] = [createNode(1), createNode(2)];
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    const link = join(a, b);
    homeA.tags.addMany(["x", "y"]);
    await converged([a, b]);
    link.cut();
    homeA.tags.delete("x");
    homeB.tags.add("z");
    homeB.settings.set("theme", "light");
    await pause(5);
    expect(homeA.tags.has("z")).toBe(false);
    join(a, b);
    await converged([a, b]);
    expect([...homeB.tags].sort()).toEqual(["y", "z"]);
  });

  it("carry documents opened before and after connecting, each apart", async () => {
    const [a, b] = [createNode(1), createNode(2)];
    const first = await openHome(a, "first");
    join(a, b);
    const second = await openHome(a, "second");
    first.visits.increment();
    second.visits.increment(2);
    const [firstB, secondB] = [await openHome(b, "first"), await openHome(b, "second")];
    await converged([a, b], "first");
    await converged([a, b], "second");
    expect([firstB.visits.value, secondB.visits.value]).toEqual([1, 2]);
  });
});
