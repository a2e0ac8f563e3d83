// Looking into a series from the command line: what is said is right in every form, and nothing is changed by looking.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plotRows } from "../../host/cli/plot.ts";
import { matchLabels, readSpan, readTime } from "../../host/cli/query-arguments.ts";
import { createReplica, map, schema, series } from "../../host/index.ts";
import { run, start } from "./command-line.ts";

const START_MS = 1_700_000_000_000;
const Home = schema({ weather: series(), settings: map() });

let root: string;
let storage: string;
let digest: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "jarvis-query-"));
  storage = join(root, "store");
  const replica = await createReplica({ storage, engine: "baseline" });
  const home = await replica.open("home", Home);
  for (let minute = 0; minute < 10; minute++) {
    const timeMs = START_MS + minute * 60_000;
    home.weather.append("in/temperature", timeMs, 20 + minute / 4);
    home.weather.append('out, "shade"', timeMs, 5 - minute);
  }
  home.settings.set("a", 1);
  await home.durable();
  digest = home.digest();
  await replica.close();
});

afterAll(() => rm(root, { recursive: true, force: true }));

const query = (...words: string[]) => run(["query", "weather", storage, ...words]);

describe("jarvis query", () => {
  test("sums a series up, a line a label with its course", async () => {
    const { status, stdout, stderr } = await query();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^label +count +mean +min +max +last +over time$/m);
    expect(stdout).toMatch(/^in\/temperature +10 +21\.125 +20 +22\.25 +22\.25 +▁[▁▂▃▄▅▆▇█ ]+█$/m);
    expect(stdout).toMatch(/^out, "shade" +10 +0\.5 +-4 +5 +-4 +█/m);
  });

  test("gives the same as JSON, with every digit", async () => {
    const { stdout } = await query("--json", "--label", "in/*", "--aggregate", "sum", "variance");
    expect(JSON.parse(stdout)).toEqual({
      where: storage,
      document: "home",
      series: "weather",
      summaries: [{ label: "in/temperature", sum: 211.25, variance: 0.515625 }],
    });
  });

  test("looks at the newest points of each label alone, where it is told how many the owner keeps", async () => {
    const { stdout } = await query("--json", "--keep", "4", "--aggregate", "count", "min");
    expect(JSON.parse(stdout).summaries).toEqual([
      { label: "in/temperature", count: 4, min: 21.5 },
      { label: 'out, "shade"', count: 4, min: -4 },
    ]);
    expect((await query("--keep", "0")).status).toBe(2);
  });

  test("gives windows and points, of the time asked for", async () => {
    const windows = await query(
      "--json",
      ...["--window", "5m", "--label", "in/*", "--aggregate", "count", "first"],
    );
    // 1,700,000,000 s lie 200 s after a window of 5 minutes begins.
    expect(JSON.parse(windows.stdout)).toMatchObject({
      windows: [
        { label: "in/temperature", start: START_MS - 200_000, count: 2, first: 20 },
        { label: "in/temperature", start: START_MS + 100_000, count: 5, first: 20.5 },
        { label: "in/temperature", start: START_MS + 400_000, count: 3, first: 21.75 },
      ],
    });
    const points = await query("--last", "2", "--to", String(START_MS + 60_000), "--label", "out*");
    expect(points.stdout.split("\n")).toEqual([
      expect.stringMatching(/^label +time +value$/),
      'out, "shade"  2023-11-14T22:13:20.000Z      5',
      'out, "shade"  2023-11-14T22:14:20.000Z      4',
      "",
    ]);
  });

  test("writes points to a file as CSV", async () => {
    const file = join(root, "points.csv");
    expect(await query("--csv", file)).toMatchObject({ status: 0, stdout: `20 rows in ${file}\n` });
    const lines = (await readFile(file, "utf8")).split("\n");
    expect(lines.slice(0, 2)).toEqual(["label,time,value", `in/temperature,${START_MS},20`]);
    expect(lines.at(-2)).toBe(`"out, ""shade""",${START_MS + 540_000},-4`);
  });

  test("draws on demand", async () => {
    const { stdout } = await query("--plot", "--label", "in/*");
    expect(stdout).toMatch(/^22\.25 ┤ +▃ +█$/m);
    expect(stdout).toContain("2023-11-14T22:13:20.000Z to 2023-11-14T22:22:20.000Z");
  });

  test("changes nothing by looking", async () => {
    await query();
    const replica = await createReplica({ storage, engine: "baseline" });
    const home = await replica.open("home", Home);
    expect(home.digest()).toBe(digest);
    await replica.close();
  });

  test("joins a relay as a reader", async () => {
    const relay = start(["serve", "--port", "0", "--json"]);
    const [, url] = await relay.waitFor(/"relay":"([^"]+)"/);
    const replica = await createReplica({ engine: "baseline" });
    const home = await replica.open("home", Home);
    home.weather.append("here", START_MS, 1.5);
    await (await replica.connect(url!)).synced();
    const { stdout } = await run(["query", "weather", url!, "--document", "home", "--json", "--last", "1"]);
    expect(JSON.parse(stdout)).toMatchObject({ points: [{ label: "here", time: START_MS, value: 1.5 }] });
    await replica.close();
    relay.child.kill("SIGTERM");
    expect((await relay.finished).status).toBe(0);
  });

  test.each([
    [["whether"], 'no series "whether": there is weather in home'],
    [["weather", "--label", "cellar"], 'no label fits "cellar": there are in/temperature'],
    [["weather", "--from", "noon"], '--from "noon" is no time'],
    [["weather", "--last", "2", "--window", "1s"], "give one of them"],
    [["weather", "--window", "1 s"], "Give a span such as 500ms"],
    [["weather", "--aggregate", "median"], "Allowed choices are count"],
    [["weather", "--csv", "/no/such/folder/x.csv"], "cannot be written"],
  ])("called as %j: one line that says what to do, status 2", async ([name, ...words], message) => {
    const { status, stdout, stderr } = await run(["query", name!, storage, ...words]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^error invalid-option: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

describe("arguments of a query", () => {
  test("spans have a unit, times are spans before now, dates or milliseconds", () => {
    expect(["250ms", "10s", "5m", "2h", "1d", "0s", "5", "m", "-5m", "1.5h"].map(readSpan)).toEqual([
      250,
      10_000,
      300_000,
      7_200_000,
      86_400_000,
      ...Array(5).fill(undefined),
    ]);
    const times = ["1m", "2023-11-14T22:13:20Z", "1700000000000", "-86400000", "soon", ""];
    expect(times.map((text) => readTime(text, START_MS))).toEqual([
      START_MS - 60_000,
      START_MS,
      START_MS,
      -86_400_000,
      undefined,
      undefined,
    ]);
  });

  test("patterns fit whole labels, each once, in the order of the labels", () => {
    const labels = ["a.b", "a/cpu", "b/cpu"];
    expect(matchLabels(labels, undefined)).toEqual(labels);
    expect(matchLabels(labels, ["*/cpu", "a*"])).toEqual(labels);
    expect(matchLabels(labels, ["a.b"])).toEqual(["a.b"]);
    expect(() => matchLabels(labels, ["a?b"])).toThrow('no label fits "a?b"');
    expect(() => matchLabels([], ["x"])).toThrow("there are no points yet");
  });
});

describe("a plot", () => {
  test("has the lowest value at the bottom, gaps where nothing is, and a flat line in the middle", () => {
    expect(plotRows([0, null, 7, Infinity, 3])).toEqual(["▁ █ ▄"]);
    expect(plotRows([1, 2], 2)).toEqual([" █", "▁█"]);
    expect(plotRows([5, 5])).toEqual(["▅▅"]);
    expect(plotRows([])).toEqual([""]);
  });
});
