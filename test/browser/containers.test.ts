// The page's view of each kind of container in a real browser: a document of all kinds is put onto a relay and looked
// at, at the width of a desk and of a phone.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Connection, Replica } from "../../host/index.ts";
import { type Running, start } from "../cli/command-line.ts";
import { collectErrors, launchChromium, skipReason } from "./chromium.ts";
import { SAMPLE_DOCUMENT, sampleReplicas } from "./sample-document.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WIDTHS = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 800 } };

/** How many pixels of a drawing have a strong colour: lines have, letters and grids have not. */
function inkOf(canvas: SVGElement | HTMLElement): number {
  if (!(canvas instanceof HTMLCanvasElement)) return 0;
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, alpha] = [data[at]!, data[at + 1]!, data[at + 2]!, data[at + 3]!];
    if (alpha > 128 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) ink++;
  }
  return ink;
}

describe.skipIf(skipReason !== undefined)(
  `views of containers${skipReason === undefined ? "" : ` (skipped: ${skipReason})`}`,
  () => {
    let browser: Browser;
    let relay: Running;
    let url: string;
    let replicas: Replica[];
    let connection: Connection;
    let page: Page;
    let errors: string[];

    beforeAll(async () => {
      browser = await launchChromium();
      relay = start(["serve", "--port", "0"]);
      url = (await relay.waitFor(/page +(http:\/\/\S+)/))[1]!;
      replicas = await sampleReplicas();
      connection = await replicas[0]!.connect(url.replace("http", "ws"));
      await connection.synced(await replicas[0]!.open(SAMPLE_DOCUMENT));
      page = await browser.newPage({ viewport: WIDTHS.desk, reducedMotion: "reduce" });
      errors = collectErrors(page);
      await page.goto(`${url}/?document=${SAMPLE_DOCUMENT}`);
      await page.waitForSelector("#container-list li");
    });

    afterAll(async () => {
      await browser?.close();
      for (const replica of replicas ?? []) await replica.close();
      relay?.child.kill("SIGTERM");
      await relay?.finished;
    });

    const open = async (name: string) => {
      await page.locator("#container-list a", { has: page.locator(`.name:text-is("${name}")`) }).click();
      await page.waitForFunction(
        (wanted) => document.querySelector("#container h2")?.textContent?.startsWith(`${wanted} `),
        name,
      );
    };
    const body = (selector = "") => page.locator(`#container .body ${selector}`.trim());
    const texts = (selector: string) => body(selector).allTextContents();
    const shows = (selector: string, wanted: unknown) => expect.poll(() => texts(selector)).toEqual(wanted);

    test("lists every container with its kind and size", async () => {
      const names = await page.locator("#container-list .name").allTextContents();
      expect(names).toEqual([...names].sort());
      const kinds = await page.locator("#container-list small").allTextContents();
      expect(new Set(kinds).size).toBe(names.length - 2);
      expect(kinds).toContain("bounded counter");
    });

    test("a counter with each replica's part; a bounded one with its rights", async () => {
      await open("visits");
      await shows(".figures dd", ["10"]);
      await expect
        .poll(async () => (await texts("td.number")).sort())
        .toEqual(["0", "0", "2", "3", "4", "5"]);
      await open("budget");
      await shows(".figures dd", ["88", "2"]);
      await expect.poll(async () => (await texts("td.number")).sort()).toEqual(["18", "70"]);
    });

    test("registers, flags and extremes", async () => {
      await open("title");
      await shows(".prose:visible", ["The workshop"]);
      await open("owner");
      await shows("tbody td", ["Ada", "2021"]);
      await open("isOpen");
      await shows(".state", ["on"]);
      await open("hottest");
      await shows(".figures dd", ["21.25"]);
      await open("coldest");
      await shows(".figures dd", ["-3"]);
    });

    test("a map of records in columns, cut and narrowed", async () => {
      await open("parts");
      await shows("thead th", ["key", "size", "place"]);
      await expect.poll(() => body("tbody tr").count()).toBe(200);
      await shows(".note", ["200 of 260 shown"]);
      await body("input").fill("part-25");
      await expect.poll(() => body("tbody tr").count()).toBe(10);
      await open("settings");
      await expect.poll(async () => (await texts("tbody td"))[0]).toMatch(/^hello (very )+.*…$/);
    });

    test("sets, lists and logs", async () => {
      await open("tags");
      await expect.poll(() => body("li").count()).toBe(260);
      await body("input").fill("tag-25");
      await expect.poll(() => body("li").count()).toBe(11);
      await open("steps");
      await shows("tbody td", ["measure", "mark", "saw", "glue"]);
      await open("notes");
      await expect
        .poll(async () => (await texts("td.value")).sort())
        .toEqual([0, 1, 2].map((index) => `note of replica ${index}`));
    });

    test("what was written at the same time, and by whom", async () => {
      await open("colour");
      await shows(".state", ["3 values written at the same time"]);
      await expect.poll(async () => (await texts("tbody .value")).sort()).toEqual(["blue", "green", "red"]);
      await expect.poll(async () => (await texts("td")).filter((text) => text === "latest")).toHaveLength(1);
      await open("prices");
      await shows(".state", ["1 key has several values"]);
      await shows("tbody th", ["glue", "glue", "glue", "nails"]);
    });

    test("votes with their tallies and what they decided", async () => {
      await open("poll");
      await expect.poll(async () => (await texts(".head .state")).sort()).toEqual(["decided: yes", "open"]);
      const undecided = body(".proposal").filter({ hasText: "open" });
      expect(await undecided.locator("tbody th:visible").allTextContents()).toEqual(["oak", "ash", "elm"]);
      expect(await undecided.locator("td.number:visible").allTextContents()).toEqual(
        "2 2 0 3 0 0".split(" "),
      );
      await undecided.locator("summary").click();
      expect(await undecided.locator("details").textContent()).toContain("ash (may change)");
    });

    test("a workflow's states, and by keyboard the history of an instance with what was refused", async () => {
      await open("orders");
      await shows(".figures dt", ["instances", "steps taken", "steps refused"]);
      await expect.poll(async () => (await texts(".figures dd"))[0]).toBe("24");
      await expect.poll(async () => (await texts(".figures dd"))[2]).toBe("1");
      const counts = (await texts(".node .count")).map(Number);
      expect(counts.reduce((sum, count) => sum + count)).toBe(24);
      const taken = await texts(".edge-label");
      expect(taken).toEqual(expect.arrayContaining(["pack21", "return3", "restock3"]));
      await body('.node[data-state="packed"]').focus();
      await page.keyboard.press("Enter");
      const packed = counts[(await texts(".node text:first-of-type")).indexOf("packed")];
      await expect.poll(() => body(".part").first().locator("tbody tr").count()).toBe(packed);
      await body('.node[data-state="packed"]').focus();
      await page.keyboard.press("Enter");
      await body("input").fill("order-1");
      await body('button.plain:text-is("order-1")').focus();
      await page.keyboard.press("Enter");
      await shows(".part h3:nth-child(1)", ["Instances", "History of order-1"]);
      await expect.poll(() => texts(".is-refused")).toEqual(["refused"]);
    });

    test("a graph's busiest part, and the surroundings of a vertex that was looked for", async () => {
      await open("roads");
      await expect.poll(async () => (await texts(".figures dd"))[0]).toBe("90 of 130");
      expect(await body(".vertex").count()).toBe(90);
      await body("input").fill("town-100");
      await body('button.plain:text-is("town-100")').click();
      await expect.poll(() => texts(".details h3")).toEqual(["town-100"]);
      await expect.poll(() => texts(".details td.value")).toEqual(["900"]);
      await expect.poll(() => body(".vertex").count()).toBeLessThan(90);
      expect(await body(".vertex.is-chosen").getAttribute("aria-label")).toBe("town-100");
    });

    test("a series as plots, a line for each place, over the stretch that is chosen", async () => {
      await open("machines");
      await shows(".plot h3", ["doors open", "heat", "turns"]);
      await expect.poll(() => texts(".plot:nth-child(2) .legend span")).toEqual(["lathe", "saw"]);
      const lastTurns = (await texts(".plot:nth-child(3) .legend b")).map((text) =>
        Number(text.replace("K", "e3")),
      );
      for (const turns of lastTurns) expect(turns).toBeGreaterThanOrEqual(500);
      const drawn = () => body(".plot:nth-child(2) canvas").evaluate(inkOf);
      const minute = await drawn();
      expect(minute).toBeGreaterThan(200);
      await body('button:text-is("all")').click();
      await expect.poll(async () => Math.abs((await drawn()) - minute)).toBeGreaterThan(100);
      await body("input").fill("saw/");
      await shows(".plot h3", ["heat", "turns"]);
      await shows(".legend span", ["saw", "saw"]);
    });

    test("follows what comes in, and an address that names a container", async () => {
      await page.evaluate(() => {
        location.hash = "#containers/visits";
      });
      await shows(".figures dd", ["10"]);
      const document = await replicas[0]!.open(SAMPLE_DOCUMENT);
      const { counter, schema } = await import("../../host/index.ts");
      const { visits } = await replicas[0]!.open(document.name, schema({ visits: counter() }));
      visits.increment(32);
      await shows(".figures dd", ["42"]);
    });

    test("stays within its width on a phone and a desk, in every view", async () => {
      const names = await page.locator("#container-list .name").allTextContents();
      for (const [device, viewport] of Object.entries(WIDTHS)) {
        await page.setViewportSize(viewport);
        for (const name of names) {
          await open(name);
          await expect.poll(() => body("> *").count()).toBeGreaterThan(0);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(wide, `${name} on a ${device}`).toBeLessThanOrEqual(0);
        }
      }
    });

    test("needs nothing from elsewhere, carries its licences, and reports no error", async () => {
      const script = await (await page.request.get(`${url}/page.js`)).text();
      const style = await (await page.request.get(`${url}/page.css`)).text();
      for (const text of [script, style]) {
        expect(text).toMatch(/uplot [\d.]+ \(MIT\)[\s\S]+Leon Sorokin[\s\S]+Permission is hereby granted/);
      }
      expect(script).toContain("@assemblyscript/loader");
      expect(style).toContain(".u-over");
      expect(errors).toEqual([]);
    });
  },
);
