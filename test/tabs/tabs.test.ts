// Tabs that share one replica, in virtual time: who leads, where writes go, and what happens to them when the leader
// dies, closes, is put to sleep or cannot open its storage.
import { describe, expect, it } from "vitest";
import { createReplica } from "../../host/create-replica.ts";
import { hubOf } from "../../host/net/index.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { counter, log, map, schema } from "../../host/replica/schema.ts";
import type { TabEvent } from "../../host/tabs/tab.ts";
import { asTabMessage, type TabMessage, versioned } from "../../host/tabs/tab-messages.ts";
import { diskFull } from "../platform/simulated-platform.ts";
import { FakeBrowser, type FakeTab } from "./fake-browser.ts";

const Notes = schema({ count: counter(), texts: map<Record<string, string>>(), lines: log<string>() });
/** Long before anybody's silence is noticed. */
const TAKEN_OVER_MS = 3_000;
const URL_OF_RELAY = "ws://relay";

async function relayFor(browser: FakeBrowser) {
  const replica = await createReplica({ platform: browser.base, engine: "baseline" });
  browser.relay = hubOf(hostOf(replica));
  return { replica, notes: await replica.open("notes", Notes) };
}

const openNotes = (browser: FakeBrowser, tab: FakeTab) => browser.during(tab.replica.open("notes", Notes));

async function openTabs(browser: FakeBrowser, count: number, options = {}) {
  const opened = [];
  for (let index = 0; index < count; index++) {
    const tab = await browser.open(options);
    opened.push({ tab, notes: await openNotes(browser, tab) });
  }
  return opened;
}

describe("tabs of one origin", () => {
  it("have one leader, one socket and one storage, and agree with each other and the relay", async () => {
    const browser = new FakeBrowser();
    const relay = await relayFor(browser);
    const tabs = await openTabs(browser, 3, { url: URL_OF_RELAY });
    expect(tabs.map(({ tab }) => tab.replica.isLeader)).toEqual([true, false, false]);
    for (const [index, { notes }] of tabs.entries()) notes.texts.set(`tab ${index}`, "written");
    relay.notes.texts.set("relay", "written");
    await browser.until("all agree", () => [...tabs, relay].every(({ notes }) => notes.texts.size === 4));
    expect(new Set([...tabs, relay].map(({ notes }) => notes.digest())).size).toBe(1);
    expect(new Set(tabs.map(({ tab }) => tab.replica.id)).size).toBe(3);
    expect([browser.sockets, browser.socketsMost, browser.base.disks.get("app")!.opened]).toEqual([1, 1, 1]);
    expect(tabs.map(({ tab }) => tab.replica.relay)).toEqual(["open", "open", "open"]);
    expect(await browser.during(tabs[2]!.tab.replica.documentNames())).toEqual(["notes"]);
  });

  it("lose nothing when the leader crashes, and another takes storage and socket", async () => {
    const browser = new FakeBrowser();
    const relay = await relayFor(browser);
    const [first, second, third] = await openTabs(browser, 3, { url: URL_OF_RELAY });
    first!.notes.texts.set("first", "kept");
    await browser.during(first!.notes.durable());
    second!.notes.texts.set("before", "kept");
    first!.tab.crash();
    second!.notes.texts.set("at the crash", "kept");
    third!.notes.texts.set("with nobody leading", "kept");
    await browser.until("a new leader", () => browser.leaders.length === 1, TAKEN_OVER_MS);
    const living = [second!, third!];
    const all = [...living, relay];
    await browser.until("all agree", () => all.every(({ notes }) => notes.texts.size === 4), TAKEN_OVER_MS);
    expect([...relay.notes.texts.keys()].sort()).toEqual([
      "at the crash",
      "before",
      "first",
      "with nobody leading",
    ]);
    expect([browser.sockets, browser.socketsMost]).toEqual([1, 1]);
    expect(browser.base.disks.get("app")!.opened).toBe(2);
  });

  it("keep what durable() promised through the crash of every tab", async () => {
    const browser = new FakeBrowser();
    const [leader, follower] = await openTabs(browser, 2);
    follower!.notes.texts.set("promised", "yes");
    await browser.during(follower!.notes.durable());
    follower!.tab.crash();
    leader!.tab.crash();
    const again = await browser.open();
    expect((await openNotes(browser, again)).texts.get("promised")).toBe("yes");
  });

  it("wait with durable() until the leader has stored it, and hear when it cannot", async () => {
    const browser = new FakeBrowser();
    const [, follower] = await openTabs(browser, 2);
    const disk = browser.base.disks.get("app")!;
    disk.failure = diskFull();
    follower!.notes.count.increment();
    await expect(browser.during(follower!.notes.durable())).rejects.toMatchObject({ code: "store-full" });
    disk.failure = undefined;
    await browser.during(follower!.notes.durable());
    expect(disk.sortedKeys({ from: "record/", to: "record0" })).toHaveLength(1);
  });

  it("hand over when the leader closes, and leave a store that was closed cleanly", async () => {
    const browser = new FakeBrowser();
    const [first, second] = await openTabs(browser, 2);
    first!.notes.texts.set("last words", "kept");
    await first!.tab.close();
    await browser.until("the other leads", () => second!.tab.replica.isLeader);
    await browser.until("it has them", () => second!.notes.texts.size === 1);
    await second!.tab.close();
    expect(browser.base.disks.get("app")!.records.has("closed")).toBe(true);
    expect([
      browser.held.size,
      [...browser.channels.values()].reduce((sum, { size }) => sum + size, 0),
    ]).toEqual([0, 0]);
    const again = await browser.open();
    expect((await openNotes(browser, again)).texts.get("last words")).toBe("kept");
  });

  it("move leadership when the leader is put to sleep, and take it back in as a follower", async () => {
    const browser = new FakeBrowser();
    const [first, second] = await openTabs(browser, 2);
    const events: TabEvent[] = [];
    first!.tab.replica.subscribe((event) => event.kind === "leader" && events.push(event));
    first!.tab.suspend(true);
    await browser.until("the other leads", () => second!.tab.replica.isLeader);
    first!.tab.suspend(false);
    second!.notes.texts.set("meanwhile", "kept");
    await browser.until("the first follows", () => first!.notes.texts.size === 1);
    expect(events).toEqual([{ kind: "leader", isLeader: false }]);
    expect(browser.leaders).toEqual([second!.tab]);
    second!.tab.crash();
    await browser.until("the first leads again", () => first!.tab.replica.isLeader);
  });

  it("let go at once of a follower that crashes", async () => {
    const browser = new FakeBrowser();
    const [, follower] = await openTabs(browser, 2);
    const listeners = () => [...browser.channels.values()].reduce((sum, { size }) => sum + size, 0);
    const before = listeners();
    follower!.tab.crash();
    await browser.until("the leader's end is closed too", () => listeners() === before - 3, TAKEN_OVER_MS);
  });

  it("store what a document's last view closed over, before it goes", async () => {
    const browser = new FakeBrowser();
    const [leader, follower] = await openTabs(browser, 2);
    leader!.tab.crash();
    follower!.notes.texts.set("unheard", "kept");
    await browser.during(follower!.notes.close());
    const again = await openNotes(browser, follower!.tab);
    expect(again.texts.get("unheard")).toBe("kept");
  });

  it("say so when the storage cannot be opened, and go on when it can", async () => {
    const browser = new FakeBrowser();
    const storage = await browser.base.openStorage("app");
    const tab = await browser.open();
    await expect(openNotes(browser, tab)).rejects.toMatchObject({ code: "store-locked" });
    expect(tab.replica.isLeader).toBe(false);
    await storage.close();
    await browser.until("it leads", () => tab.replica.isLeader);
    (await openNotes(browser, tab)).count.increment();
  });

  it("start without a relay and find it later", async () => {
    const browser = new FakeBrowser();
    const [first, second] = await openTabs(browser, 2, { url: URL_OF_RELAY });
    second!.notes.count.increment(5);
    await browser.until(
      "both know",
      () => first!.tab.replica.relay === "waiting" && second!.tab.replica.relay === "waiting",
    );
    const relay = await relayFor(browser);
    await browser.until("the relay has it", () => relay.notes.count.value === 5);
    await browser.until("both hear", () => second!.tab.replica.relay === "open");
  });

  it("present the credential whichever of them leads", async () => {
    const browser = new FakeBrowser();
    const relay = await relayFor(browser);
    const presented: unknown[] = [];
    browser.relay!.configure({
      guard: {
        async admit({ credential }) {
          presented.push(credential);
          const rows = [{ pattern: "*", right: "write" as const }];
          return { subject: "tabs", id: "", rows, expiresAtMs: Number.POSITIVE_INFINITY };
        },
        revoke() {},
        onRevoke: () => () => {},
      },
    });
    const options = { url: URL_OF_RELAY, connection: { credential: "open sesame" } };
    const [first, second] = await openTabs(browser, 2, options);
    first!.notes.count.increment();
    await browser.until("the relay has it", () => relay.notes.count.value === 1);
    first!.tab.crash();
    second!.notes.count.increment();
    await browser.until("the relay has both", () => relay.notes.count.value === 2);
    expect(presented).toEqual(["open sesame", "open sesame"]);
  });

  it("fetch all documents of the relay when told to", async () => {
    const browser = new FakeBrowser();
    const relay = await relayFor(browser);
    relay.notes.count.increment(3);
    const tab = await browser.open({ url: URL_OF_RELAY, documents: "all" });
    const names = () => browser.base.disks.get("app")?.sortedKeys({ from: "head/", to: "head0" }) ?? [];
    await browser.until("it is stored", () => names().includes("head/notes"));
    expect(await browser.during(tab.replica.documentNames())).toEqual(["notes"]);
  });

  it("refuse to close over what nobody could store", async () => {
    const browser = new FakeBrowser();
    const [leader, follower] = await openTabs(browser, 2);
    const storage = browser.base.disks.get("app")!;
    leader!.tab.crash();
    storage.isLocked = true;
    follower!.notes.count.increment();
    await expect(follower!.tab.close()).rejects.toMatchObject({ code: expect.stringMatching(/^store-/) });
  });

  it("pass over what tabs of another kind say", async () => {
    const browser = new FakeBrowser();
    const [first] = await openTabs(browser, 1);
    const stranger = await browser.open({ storage: "other" });
    const channel = stranger.world.openChannel("jarvis-crdt-tabs:app");
    const events: TabEvent[] = [];
    first!.tab.replica.subscribe((event) => events.push(event));
    for (const message of [
      undefined,
      "seek",
      { version: 2, type: "lead", term: "x", relay: "open" },
      { version: 1, type: "lead", term: "x", relay: "up" },
      { version: 1, type: "attach", term: 1, tab: "t", pair: "p" },
      { version: 1, type: "names", token: "t", names: [1] },
      { version: 1, type: "trouble", code: "no-such-code", message: "" },
      { version: 1, type: "lead", term: "false leader", relay: "open" },
    ]) {
      channel.post(message);
    }
    await browser.pass(200);
    expect(events).toEqual([]);
    expect(first!.tab.replica.isLeader).toBe(true);
    first!.notes.count.increment();
    await browser.during(first!.notes.durable());
  });

  it("understand what they say themselves, and nothing that is cut or changed", () => {
    const said: TabMessage[] = [
      { type: "seek" },
      { type: "lead", term: "a", relay: "waiting" },
      { type: "leave", term: "a" },
      { type: "attach", term: "a", tab: "b", pair: "c" },
      { type: "ask-names", term: "a", token: "b" },
      { type: "names", token: "b", names: ["x", "y"] },
      { type: "trouble", code: "store-full", message: "full" },
    ];
    for (const message of said) {
      expect(asTabMessage(versioned(message))).toMatchObject(message);
      expect(asTabMessage(message)).toBeUndefined();
      for (const field of Object.keys(message)) {
        expect(asTabMessage({ ...(versioned(message) as object), [field]: 7 })).toBeUndefined();
      }
    }
  });
});
