// Random lives of tabs: they open, write, ask for durability, crash, close, sleep and wake in any order, with a relay
// that is there or not. At every step at most one of them holds storage and socket; in the end all agree, what durable()
// promised is there, and so is what any tab that lived to the end has written.
import { describe, expect, it } from "vitest";
import { createReplica } from "../../host/create-replica.ts";
import { hubOf } from "../../host/net/index.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { map, schema } from "../../host/replica/schema.ts";
import { FakeBrowser, type FakeTab } from "./fake-browser.ts";

const Notes = schema({ texts: map<Record<string, string>>() });
const SEEDS = Number(process.env.TAB_SEEDS ?? 12);
const STEPS = 40;
const TABS_MAX = 4;

/** xorshift32. */
function randomFrom(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

interface Living {
  readonly tab: FakeTab;
  readonly written: string[];
  readonly texts: { set(key: string, value: string): void; keys(): Iterable<string> };
  readonly durable: () => Promise<void>;
  isAsleep: boolean;
}

async function live(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const browser = new FakeBrowser(seed);
  const relay = await createReplica({ platform: browser.base, engine: "baseline" });
  const relayNotes = await relay.open("notes", Notes);
  browser.relay = hubOf(hostOf(relay));
  const living: Living[] = [];
  const promised: string[] = [];
  let next = 0;

  const open = async () => {
    const tab = await browser.open({ url: "ws://relay" });
    const document = tab.replica.open("notes", Notes);
    await browser.pass(random(3) * 100);
    const notes = await browser.during(document);
    living.push({ tab, written: [], texts: notes.texts, durable: () => notes.durable(), isAsleep: false });
  };
  const write = ({ texts, written }: Living) => {
    const key = `text ${next++}`;
    texts.set(key, "written");
    written.push(key);
  };
  const awake = () => living.filter(({ isAsleep }) => !isAsleep);
  const gone = (member: Living) => living.splice(living.indexOf(member), 1);

  const act = async (): Promise<void> => {
    const member = living[random(living.length)]!;
    switch (random(8)) {
      case 0:
        if (living.length < TABS_MAX) await open();
        return;
      case 1:
        if (awake().length < 2) return;
        for (const { tab } of gone(member)) tab.crash();
        return;
      case 2: {
        if (awake().length < 2 || member.isAsleep) return;
        promised.push(...member.written);
        gone(member);
        await member.tab.close();
        return;
      }
      case 3:
        if (awake().length < 2 && !member.isAsleep) return;
        member.isAsleep = !member.isAsleep;
        member.tab.suspend(member.isAsleep);
        return;
      case 4: {
        const written = [...member.written];
        await browser.during(member.durable());
        promised.push(...written);
        return;
      }
      default:
        for (let count = random(4); count >= 0; count--) write(member);
    }
  };

  await open();
  for (let step = 0; step < STEPS; step++) {
    await act();
    await browser.pass(random(4) * 40);
    expect(browser.leaders.length).toBeLessThanOrEqual(1);
    expect(browser.sockets).toBeLessThanOrEqual(1);
  }
  const expected = new Set([...promised, ...living.flatMap(({ written }) => written)]);
  const agree = () =>
    [relayNotes.texts, ...living.map(({ texts }) => texts)].every((texts) => {
      const keys = new Set(texts.keys());
      return [...expected].every((key) => keys.has(key)) && keys.size === relayNotes.texts.size;
    });
  await browser.until("all agree", agree);
}

describe("random lives of tabs", () => {
  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))("seed %i", (seed) => live(seed));
});
