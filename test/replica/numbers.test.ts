// Maximum, minimum and bounded counters through the public API. The bound holds in every interleaving: messages lost,
// doubled, late and out of order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bounded,
  type Change,
  type Document,
  maximum,
  minimum,
  type ReplicaId,
  schema,
} from "../../host/index.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

const Home = schema({ most: maximum(), least: minimum(), stock: bounded() });
type Home = Document<typeof Home>;

describe.each(ENGINES)("on $name", (engine) => {
  const group = async (count: number) => {
    const { documents, members } = await openGroup(engine, Home, count);
    return { documents, ids: members.map(({ replica }) => replica.id), members };
  };
  const pair = async () => {
    const { documents, ids } = await group(2);
    return { home: documents[0]!, other: documents[1]!, ids };
  };
  const heardBy = (home: Home) => {
    const heard: Change[] = [];
    home.subscribe((change) => heard.push(change));
    return () => heard.splice(0);
  };
  const coded = (code: string, message = /./) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });

  describe("a maximum and a minimum", () => {
    it("keep what lies furthest", async () => {
      const { home } = await pair();
      expect([home.most.value, home.least.value, home.most.toJSON()]).toEqual([undefined, undefined, null]);
      expect([3, 2, 3, 7.5, Infinity, 8].map((value) => home.most.offer(value))).toEqual([
        true,
        false,
        false,
        true,
        true,
        false,
      ]);
      expect([3, 4, -0, 0, -Infinity].map((value) => home.least.offer(value))).toEqual([
        true,
        false,
        true,
        false,
        true,
      ]);
      expect([home.most.value, home.least.value]).toEqual([Infinity, -Infinity]);
    });

    it("tell −0 from 0", async () => {
      const { home, other } = await pair();
      expect([home.most.offer(-0), home.most.offer(0), home.most.offer(-0)]).toEqual([true, true, false]);
      expect([home.least.offer(0), home.least.offer(-0), home.least.offer(0)]).toEqual([true, true, false]);
      other.most.offer(-0);
      other.least.offer(0);
      converge(home, other);
      for (const { most, least } of [home, other]) {
        expect([Object.is(most.value, 0), Object.is(least.value, -0)]).toEqual([true, true]);
      }
    });

    it("refuse NaN and what is no number, and change nothing", async () => {
      const { home } = await pair();
      for (const value of [Number.NaN, "7", undefined, 7n]) {
        expect(() => home.most.offer(value as number)).toThrow(coded("invalid-argument", /not NaN/));
      }
      expect(home.versionVector().size).toBe(0);
    });

    it("converge, tell of what rose, and forget what was rolled back", async () => {
      const { home, other } = await pair();
      const take = heardBy(home);
      home.most.offer(1);
      home.most.offer(1);
      other.most.offer(5);
      other.least.offer(2);
      converge(home, other);
      expect(take()).toEqual([
        { container: "most", type: "maximum", origin: "local", value: 1 },
        { container: "most", type: "maximum", origin: "remote", value: 5 },
        { container: "least", type: "minimum", origin: "remote", value: 2 },
      ]);
      other.most.offer(6);
      home.most.offer(7);
      take();
      pass(other, home);
      expect(take()).toEqual([]);
      expect(() =>
        home.transact(() => {
          home.most.offer(100);
          expect(home.most.value).toBe(100);
          throw new Error("no");
        }),
      ).toThrow("no");
      expect([home.most.value, home.toJSON()]).toEqual([7, { most: 7, least: 2, stock: 0 }]);
      converge(home, other);
      expect([other.most.value, home.digest()]).toEqual([7, other.digest()]);
    });
  });

  describe("a bounded counter", () => {
    it("is spent by who holds it", async () => {
      const { home, other, ids } = await pair();
      expect([home.stock.value, home.stock.rights, home.stock.holders()]).toEqual([0, 0, []]);
      home.stock.topUp(100);
      home.stock.spend(30);
      home.stock.spend(0);
      expect([home.stock.value, home.stock.rights]).toEqual([70, 70]);
      converge(home, other);
      expect([other.stock.value, other.stock.rights, other.stock.rightsOf(ids[0]!)]).toEqual([70, 0, 70]);
      expect(() => other.stock.spend(1)).toThrow(
        coded("insufficient-rights", /spend\(1\): this replica holds 0/),
      );
      home.stock.transfer(ids[1]!, 25);
      home.stock.transfer(ids[1]!, 5);
      expect(() => other.stock.spend(1)).toThrow(coded("insufficient-rights"));
      converge(home, other);
      other.stock.spend(30);
      expect(() => other.stock.transfer(ids[0]!, 1)).toThrow(coded("insufficient-rights", /transfer\(1\)/));
      converge(home, other);
      for (const { stock } of [home, other]) {
        expect([stock.value, stock.toJSON(), stock.holders()]).toEqual([40, 40, ids]);
        expect(ids.map((id) => stock.rightsOf(id))).toEqual([40, 0]);
      }
    });

    it("refuses what is no amount, and a replica that is none", async () => {
      const { home, ids } = await pair();
      for (const amount of [-1, 0.5, Number.NaN, 2 ** 53, "1"]) {
        const bad = amount as number;
        expect(() => home.stock.topUp(bad)).toThrow(coded("invalid-argument"));
        expect(() => home.stock.spend(bad)).toThrow(coded("invalid-argument"));
        expect(() => home.stock.transfer(ids[1]!, bad)).toThrow(coded("invalid-argument"));
        expect(() => home.stock.rebalance({ lowWater: bad })).toThrow(coded("invalid-argument"));
      }
      for (const id of [ids[0]!, "", "x", "0".repeat(16)]) {
        expect(() => home.stock.transfer(id as ReplicaId, 0)).toThrow(coded("invalid-argument"));
      }
      home.stock.topUp(0);
      home.stock.transfer(ids[1]!, 0);
      expect(home.versionVector().size).toBe(0);
    });

    it("stays within 2^53, exactly", async () => {
      const { home, other, ids } = await pair();
      home.stock.topUp(2 ** 53 - 1);
      expect(() => home.stock.topUp(1)).toThrow(coded("counter-range"));
      other.stock.topUp(10);
      converge(home, other);
      expect(() => home.stock.value).toThrow(coded("counter-range", /stands at 9007199254741001/));
      other.stock.transfer(ids[0]!, 10);
      converge(home, other);
      expect(() => home.stock.rights).toThrow(coded("counter-range"));
      home.stock.spend(2 ** 53 - 1);
      expect([home.stock.rights, home.stock.value]).toEqual([10, 10]);
    });

    it("is never spent twice within a transaction, and whole again after a throw", async () => {
      const { home } = await pair();
      home.stock.topUp(10);
      expect(() =>
        home.transact(() => {
          home.stock.spend(6);
          expect(home.stock.rights).toBe(4);
          home.stock.spend(6);
        }),
      ).toThrow(coded("insufficient-rights", /spend\(6\): this replica holds 4/));
      expect([home.stock.rights, home.stock.value]).toEqual([10, 10]);
    });

    it("is rebalanced by one replica, whoever asks, once", async () => {
      const { documents, ids } = await group(3);
      const [first, second, third] = documents as [Home, Home, Home];
      first.stock.topUp(10);
      second.stock.topUp(100);
      converge(...documents);
      const options = { lowWater: 20, members: ids };
      expect([first.stock.rebalance(options), third.stock.rebalance(options)]).toEqual([[], []]);
      expect(second.stock.rebalance(options)).toEqual([
        { to: ids[2], amount: 20 },
        { to: ids[0], amount: 10 },
      ]);
      expect(second.stock.rebalance(options)).toEqual([]);
      converge(...documents);
      expect(ids.map((id) => third.stock.rightsOf(id))).toEqual([20, 70, 20]);
      expect(documents.flatMap(({ stock }) => stock.rebalance(options))).toEqual([]);
    });

    it("tells of changes", async () => {
      const { home, other, ids } = await pair();
      const take = heardBy(home);
      home.stock.topUp(10);
      home.stock.topUp(0);
      home.stock.transfer(ids[1]!, 5);
      converge(home, other);
      other.stock.spend(2);
      other.stock.transfer(ids[0]!, 1);
      pass(other, home);
      const said = { container: "stock", type: "bounded" };
      expect(take()).toEqual([
        { ...said, origin: "local", replicas: [ids[0]] },
        { ...said, origin: "local", replicas: [ids[0]] },
        { ...said, origin: "remote", replicas: [ids[1]] },
      ]);
      expect(home.stock.rights).toBe(6);
    });

    it("belongs to the id that earned it: a replica with a new one starts with nothing", async () => {
      const { home, other, ids } = await pair();
      home.stock.topUp(10);
      const copy = await createMember(engine, ids[0]);
      const twin = (await copy.replica.open("home", Home)) as Home;
      twin.load(home.snapshot());
      expect(copy.replica.id).not.toBe(ids[0]);
      expect(() => twin.stock.spend(1)).toThrow(coded("insufficient-rights"));
      converge(home, other, twin);
      home.stock.spend(10);
      expect(home.stock.value).toBe(0);
    });

    it("is never spent below 0, whatever happens to messages", async () => {
      const step = fc.record({
        at: fc.nat(3),
        does: fc.constantFrom(
          "spend",
          "spend",
          "spend",
          "topUp",
          "transfer",
          "rebalance",
          "send",
          "send",
          "deliver",
        ),
        to: fc.nat(3),
        amount: fc.nat(12),
        message: fc.nat(),
        isKept: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
          const { documents, ids } = await group(4);
          const messages: { readonly to: number; readonly bytes: Uint8Array }[] = [];
          let [created, spent] = [0, 0];
          for (const { at, does, to, amount, message, isKept } of steps) {
            const home = documents[at]!;
            const { stock } = home;
            if (does === "topUp") {
              stock.topUp(amount);
              created += amount;
            } else if (does === "spend") {
              if (stock.rights >= amount) spent += amount;
              try {
                stock.spend(amount);
              } catch (error) {
                expect(error).toMatchObject({ code: "insufficient-rights" });
              }
            } else if (does === "transfer" && to !== at) {
              if (stock.rights >= amount) stock.transfer(ids[to]!, amount);
            } else if (does === "rebalance") {
              stock.rebalance({ lowWater: amount, members: ids });
            } else if (does === "send") {
              messages.push({ to, bytes: home.deltaSince(documents[to]!.versionVector()) });
            } else if (messages.length > 0) {
              const index = message % messages.length;
              const [{ to: receiver, bytes }] = messages.slice(index) as [(typeof messages)[0]];
              if (!isKept) messages.splice(index, 1);
              documents[receiver]!.merge(bytes);
            }
            for (const [index, { stock: each }] of documents.entries()) {
              expect(each.rightsOf(ids[index]!)).toBeGreaterThanOrEqual(0);
            }
            expect(spent).toBeLessThanOrEqual(created);
          }
          converge(...documents);
          for (const { stock } of documents) {
            expect(stock.value).toBe(created - spent);
            const held = ids.map((id) => stock.rightsOf(id));
            expect(held.every((rights) => rights >= 0)).toBe(true);
            expect(held.reduce((total, rights) => total + rights, 0)).toBe(created - spent);
          }
          for (const { stock } of documents) stock.spend(stock.rights);
          converge(...documents);
          expect(documents.map(({ stock }) => stock.value)).toEqual([0, 0, 0, 0]);
        }),
        { numRuns: 60 },
      );
    });
  });
});
