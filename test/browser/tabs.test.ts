// Tabs of one origin in a real browser: three of them, a relay in Node, and leaders that crash, are closed and reloaded.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type BuildOptions, build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createReplica, map, type Replica, schema } from "../../host/index.ts";
import { type Relay, serve } from "../../host/relay.ts";
import { collectErrors, launchChromium, skipReason } from "./chromium.ts";
import type { TabsPage } from "./tabs-page.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const Notes = schema({ texts: map<Record<string, string>>() });
const POLL = { timeout: 60_000, interval: 50 };

const example = readFileSync("docs/browser.md", "utf8").match(/```typescript\n([\s\S]*?)```/)![1]!;

async function bundle(options: BuildOptions): Promise<string> {
  const built = await build({
    ...options,
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["source"],
    write: false,
    logLevel: "error",
  });
  return built.outputFiles![0]!.text;
}

/** The page of the tests, and the example of docs/browser.md as another. */
async function servePages(): Promise<Server> {
  const scripts = new Map([
    ["/", await bundle({ entryPoints: ["test/browser/tabs-page.ts"] })],
    ["/example", await bundle({ stdin: { contents: example, loader: "ts", resolveDir: "." } })],
  ]);
  const server = createServer((request, response) => {
    const script = scripts.get(request.url ?? "") ?? "";
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><link rel="icon" href="data:,"><script type="module">${script}</script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const title = skipReason === undefined ? "" : ` (skipped: ${skipReason})`;

describe.skipIf(skipReason !== undefined)(`tabs in a browser${title}`, () => {
  let browser: Browser;
  let server: Server;
  let pageUrl = "";
  let context: BrowserContext;
  let hub: Replica;
  let relay: Relay;
  let errors: string[][] = [];

  beforeAll(async () => {
    server = await servePages();
    pageUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });
  beforeEach(async () => {
    errors = [];
    context = await browser.newContext();
    hub = await createReplica({ engine: "baseline" });
    relay = await serve(hub, { port: 0, allowOrigin: () => true });
  });
  afterEach(async () => {
    await context.close();
    await relay.close();
    await hub.close();
  });

  function call<Name extends keyof TabsPage>(
    page: Page,
    name: Name,
    ...parameters: Parameters<TabsPage[Name]>
  ): Promise<Awaited<ReturnType<TabsPage[Name]>>> {
    return page.evaluate(([name, parameters]) => Reflect.get(globalThis, "tabsPage")[name](...parameters), [
      name,
      parameters,
    ] as const);
  }

  async function openTab(): Promise<Page> {
    const page = await context.newPage();
    errors.push(collectErrors(page));
    await page.goto(pageUrl);
    await call(page, "join", relay.url);
    return page;
  }

  const leadersOf = async (pages: readonly Page[]): Promise<Page[]> => {
    const leads = await Promise.all(pages.map((page) => call(page, "isLeader")));
    return pages.filter((_page, index) => leads[index]);
  };

  const agreed = async (pages: readonly Page[], keys: readonly string[]): Promise<void> => {
    const notes = await hub.open("notes", Notes);
    await expect.poll(() => [...notes.texts.keys()].sort(), POLL).toEqual([...keys].sort());
    for (const page of pages) await expect.poll(() => call(page, "digest"), POLL).toBe(notes.digest());
    await notes.close();
  };

  test("one leads; when it crashes, is closed or reloads, another takes storage and socket, and nothing is lost", async () => {
    const [first, second, third] = [await openTab(), await openTab(), await openTab()];
    expect(await leadersOf([first, second, third])).toEqual([first]);
    await Promise.all([first, second, third].map((page, index) => call(page, "write", `tab ${index}`)));
    await agreed([first, second, third], ["tab 0", "tab 1", "tab 2"]);
    expect(relay.peers()).toHaveLength(1);
    expect(await call(second, "storageHolders")).toBe(1);

    await call(first, "write", "before the crash");
    await call(first, "durable");
    const session = await context.newCDPSession(first);
    const crashed = new Promise((resolve) => first.once("crash", resolve));
    session.send("Page.crash").catch(() => {});
    await crashed;
    await call(third, "write", "after the crash");
    const afterCrash = ["tab 0", "tab 1", "tab 2", "before the crash", "after the crash"];
    await expect.poll(() => leadersOf([second, third]), POLL).toHaveLength(1);
    await agreed([second, third], afterCrash);
    await expect.poll(() => relay.peers().length, POLL).toBe(1);
    expect(await call(third, "storageHolders")).toBe(1);

    const fourth = await openTab();
    const [leader] = await leadersOf([second, third, fourth]);
    expect(leader).not.toBe(fourth);
    const rest = [second, third, fourth].filter((page) => page !== leader);
    await leader!.close();
    await call(rest[0]!, "write", "after the close");
    await agreed(rest, [...afterCrash, "after the close"]);
    await expect.poll(() => relay.peers().length, POLL).toBe(1);

    const [reloading] = await leadersOf(rest);
    const other = rest.find((page) => page !== reloading)!;
    await call(reloading!, "write", "before the reload");
    await call(reloading!, "durable");
    await reloading!.reload();
    await expect.poll(() => call(other, "isLeader"), POLL).toBe(true);
    expect(await call(reloading!, "join", relay.url)).toContain("before the reload");
    await agreed(rest, [...afterCrash, "after the close", "before the reload"]);
    expect(await leadersOf(rest)).toEqual([other]);
    expect(relay.peers()).toHaveLength(1);
    expect(errors.flat()).toEqual([]);
  });

  test("what was durable in a follower is there when all tabs are gone and the relay is too", async () => {
    const [first, second] = [await openTab(), await openTab()];
    await call(second, "write", "kept");
    await call(second, "writeLarge", 40, 100_000);
    await Promise.all([first.close(), second.close()]);
    await relay.close();
    const again = await openTab();
    expect(await call(again, "keys")).toEqual(
      ["kept", ...Array.from({ length: 40 }, (_, n) => `large ${n}`)].sort(),
    );
    expect(await call(again, "isLeader")).toBe(true);
    await call(again, "close");
  });

  test("the example of docs/browser.md prints what it says", async () => {
    const page = await context.newPage();
    const lines: string[] = [];
    page.on("console", (message) => lines.push(message.text()));
    const faults = collectErrors(page);
    await page.goto(`${pageUrl}example`);
    const promised = [...example.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]!);
    expect(promised).toHaveLength(1);
    await expect.poll(() => [...lines, ...faults], POLL).toEqual(promised);
  });
});
