// The platform of browsers in a real one: IndexedDB storage that keeps order and survives a reload, and a second tab
// that is kept out.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, skipReason } from "../browser/chromium.ts";
import type { StoragePage } from "./browser-storage-page.ts";

describe.skipIf(skipReason !== undefined)("in Chromium", () => {
  let browser: Browser;
  let server: Server;
  let url = "";

  beforeAll(async () => {
    const bundle = await build({
      entryPoints: ["test/platform/browser-storage-page.ts"],
      bundle: true,
      format: "esm",
      conditions: ["source"],
      write: false,
      logLevel: "error",
    });
    const script = bundle.outputFiles[0]!.text;
    server = createServer((_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<!doctype html><link rel="icon" href="data:,"><script type="module">${script}</script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function openPage(context: { newPage(): Promise<Page> }): Promise<Page> {
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  /** Calls one of the page's functions. */
  function call<Name extends keyof StoragePage>(
    page: Page,
    name: Name,
    ...parameters: Parameters<StoragePage[Name]>
  ): Promise<Awaited<ReturnType<StoragePage[Name]>>> {
    return page.evaluate(
      ([name, parameters]) => Reflect.get(globalThis, "storagePage")[name](...parameters),
      [name, parameters] as const,
    );
  }

  test("records keep their order over many pages of them, and survive a reload", async () => {
    const context = await browser.newContext();
    const page = await openPage(context);
    expect(await call(page, "open", "records")).toBe("open");
    await call(page, "fill", 1_500, true);
    const expected = Array.from({ length: 1_500 }, (_, n) => n).filter((n) => n % 10 !== 0);
    for (let life = 0; life < 2; life++) {
      const { keys, values } = await call(page, "read", "record/", "record0");
      expect(values).toEqual(expected);
      expect(keys).toEqual(expected.map((n) => `record/${String(n).padStart(6, "0")}`));
      expect((await call(page, "read", "record/000500", "record/000512")).values).toHaveLength(10);
      expect(await call(page, "get", "record/000257")).toEqual([1, 1, 0, 0]);
      expect(await call(page, "get", "record/000250")).toBeUndefined();
      await page.reload();
      expect(await call(page, "open", "records")).toBe("open");
    }
    await context.close();
  });

  test("a second tab is store-locked until the first lets go", async () => {
    const context = await browser.newContext();
    const [first, second] = [await openPage(context), await openPage(context)];
    expect(await call(first, "open", "shared")).toBe("open");
    expect(await call(second, "open", "shared")).toBe("store-locked");
    expect(await call(second, "open", "own")).toBe("open");
    await call(first, "close");
    expect(await call(second, "open", "shared")).toBe("open");
    await context.close();
  });

  test("the turn ends after its microtasks, and nobody listening is connection-failed", async () => {
    const context = await browser.newContext();
    const page = await openPage(context);
    expect(await call(page, "turn")).toEqual(["turn", "microtask", "turn end"]);
    expect(await call(page, "connect", "ws://127.0.0.1:1")).toBe("connection-failed");
    await context.close();
  });
});
