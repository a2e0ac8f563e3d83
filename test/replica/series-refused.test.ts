// Points that the engine refuses when their turn ends: the replica says so, reads and promises of durability say why, nothing
// else stops, and the points are there as soon as the engine takes them.
import { describe, expect, it } from "vitest";
import { CrdtError } from "../../host/errors.ts";
import { counter, schema, series } from "../../host/index.ts";
import { hostOf, type ReplicaEvent } from "../../host/replica/replica.ts";
import { createMember, ENGINES } from "./group.ts";

const Home = schema({ metrics: series(), visits: counter() });
const full = new CrdtError("limit-exceeded", "no room for another chunk");
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(ENGINES)("points the engine refuses on $name", (engine) => {
  const open = async () => {
    const { replica } = await createMember(engine);
    const home = await replica.open("home", Home);
    const core = [...hostOf(replica).documents()][0]!;
    const mutate = core.engine.mutate;
    const events: ReplicaEvent[] = [];
    replica.subscribe((event) => void events.push(event));
    const refuse = (): void => {
      core.engine.mutate = () => {
        throw full;
      };
    };
    const accept = (): void => {
      core.engine.mutate = mutate;
    };
    return { replica, home, core, events, refuse, accept };
  };

  it("are kept, said once a refusal, and applied by a later turn", async () => {
    const { home, events, refuse, accept } = await open();
    home.metrics.append("cpu", 1, 1);
    await turn();
    refuse();
    home.metrics.append("cpu", 2, 2);
    await turn();
    expect(events).toEqual([{ kind: "refused", document: "home", error: full }]);
    home.metrics.append("cpu", 3, 3);
    await turn();
    expect(events.length).toBe(1);
    expect(() => home.metrics.aggregate()).toThrow(full);
    await expect(home.durable()).rejects.toBe(full);
    accept();
    home.metrics.append("cpu", 4, 4);
    await turn();
    expect([...home.metrics.range("cpu").values]).toEqual([1, 2, 3, 4]);
    refuse();
    home.metrics.append("cpu", 5, 5);
    await turn();
    expect(events.length).toBe(2);
    accept();
    expect(home.metrics.size).toBe(5);
  });

  it("hold up neither merges nor deltas, and a document that holds some is not closed", async () => {
    const { home, refuse, accept } = await open();
    const other = await (await createMember(engine)).replica.open("home", Home);
    other.metrics.append("disk", 1, 7);
    home.visits.increment();
    refuse();
    home.metrics.append("cpu", 2, 2);
    expect(home.merge(other.snapshot()).changed).toBe(true);
    other.merge(home.snapshot());
    expect([other.visits.value, other.metrics.labels()]).toEqual([1, ["disk"]]);
    await expect(home.close()).rejects.toBe(full);
    accept();
    expect(home.metrics.labels()).toEqual(["cpu", "disk"]);
    await home.close();
  });

  it("never become more than are held back anyway: the call that would is refused and takes nothing", async () => {
    const { home, refuse, accept } = await open();
    refuse();
    const times = Array.from({ length: 65_536 }, (_, index) => index);
    home.metrics.appendMany("cpu", times, times);
    expect(() => home.metrics.append("cpu", 65_536, 0)).toThrow(full);
    expect(() => home.metrics.appendMany("mem", [1], [1])).toThrow(full);
    accept();
    expect(home.metrics.size).toBe(65_536);
  });

  it("go with their transaction", async () => {
    const { home, refuse, accept } = await open();
    expect(() =>
      home.transact(() => {
        home.metrics.append("cpu", 1, 1);
        refuse();
      }),
    ).toThrow(full);
    accept();
    expect(home.metrics.size).toBe(0);
  });
});
