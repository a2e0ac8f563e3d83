// Limits of a connection, each just reached and just passed.
import { expect, it } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { createReplica, loadEngine } from "../../host/index.ts";
import { CLOCK_DRIFT_MS_MAX, DELTA_PART_BYTES, STREAM_REPAIRS_MAX } from "../../host/limits.ts";
import type { Answer, Message } from "../../host/net/messages.ts";
import { platform } from "../../host/platform/node.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { createNode, Home, openHome, pause, until } from "./fleet.ts";
import { connectScripted, hello } from "./scripted-peer.ts";

const STRANGER = "00000000000000aa" as ReplicaId;
const QUIET = { timing: { heartbeatMs: 60_000, repairMs: 60_000 }, packsFrames: false };
const isAnswer = (message: { readonly type: string }): message is Answer => message.type === "answer";

it("CLOCK_DRIFT_MS_MAX: a timestamp at the limit moves the clock, one above it is merged, told and does not", async () => {
  const engine = await loadEngine({ engine: "baseline" });
  const nowMs = 1_700_000_000_000;
  const at = async (ms: number) => {
    const replica = await createReplica({ engine, platform: { ...platform, now: () => ms } });
    const warnings: string[] = [];
    replica.subscribe(({ kind }) => warnings.push(kind));
    const home = await replica.open("home", Home);
    return { replica, warnings, home };
  };
  for (const [aheadMs, isTold] of [
    [CLOCK_DRIFT_MS_MAX, false],
    [CLOCK_DRIFT_MS_MAX + 1, true],
  ] as const) {
    const [ours, ahead] = [await at(nowMs), await at(nowMs + aheadMs)];
    ahead.home.settings.set("theme", "theirs");
    ours.home.load(ahead.home.snapshot());
    expect(ours.home.settings.get("theme")).toBe("theirs");
    expect(ours.warnings.includes("clock")).toBe(isTold);
    // Another key: a clock that was moved writes after theirs, one that was not writes now.
    ahead.home.settings.set("volume", "theirs");
    for (const value of ["first", "ours"]) ours.home.settings.set("volume", value);
    ahead.home.load(ours.home.snapshot());
    expect(ahead.home.settings.get("volume")).toBe(isTold ? "theirs" : "ours");
    await Promise.all([ours.replica.close(), ahead.replica.close()]);
  }
});

it("DELTA_PART_BYTES: an answer of that size is one part, of one byte more it is two", async () => {
  const node = createNode(1, QUIET);
  const home = await openHome(node);
  home.settings.set("large", "x");
  // An answer to somebody who has nothing is a byte shorter than a snapshot.
  const bytes = () => home.snapshot().length - 1;
  const overhead = bytes() - 1;
  const parts: number[][] = [];
  for (const extra of [0, 1]) {
    // A greater length takes a few bytes more to say.
    let size = DELTA_PART_BYTES - overhead - 8;
    home.settings.set("large", "x".repeat(size));
    size += DELTA_PART_BYTES + extra - bytes();
    home.settings.set("large", "x".repeat(size));
    const peer = connectScripted(node);
    peer.say(hello());
    await peer.hear("hello");
    peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
    const answers = () => peer.heard.filter(isAnswer);
    await until("the whole answer", () => {
      const [first] = answers();
      const sent = answers().reduce((sum, { part }) => sum + part.length, 0);
      return first !== undefined && sent === first.totalBytes;
    });
    parts.push(answers().map(({ part }) => part.length));
    peer.transport.terminate();
  }
  expect(parts).toEqual([[DELTA_PART_BYTES], [DELTA_PART_BYTES, 1]]);
});

it("STREAM_REPAIRS_MAX: a peer that never fits is repaired so often, and then its connection ends", async () => {
  const node = createNode(1, QUIET);
  await openHome(node);
  const peer = connectScripted(node);
  peer.say(hello());
  await peer.hear("hello");
  peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  await peer.hear("subscribe");
  // It says a stream starts at what nobody was given.
  const vector = new VersionVector([[STRANGER, 1]]);
  const misfit: Message = { type: "start", index: 0, number: 0, vector, definitions: [] };
  const subscriptions = () => peer.heard.filter(({ type }) => type === "subscribe").length;
  for (let repairs = 1; repairs <= STREAM_REPAIRS_MAX; repairs++) {
    peer.say(misfit);
    await until(`repair ${repairs}`, () => subscriptions() === repairs + 1);
  }
  await pause(20);
  expect(peer.close).toBeUndefined();
  peer.say(misfit);
  await until("the end", () => peer.close !== undefined);
  const goodbye = await peer.hear("goodbye");
  expect(goodbye).toMatchObject({ code: "protocol-error" });
  expect(goodbye.explanation).toContain(`did not fit ${STREAM_REPAIRS_MAX + 1} times`);
});
