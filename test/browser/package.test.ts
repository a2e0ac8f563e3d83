// The package in real browsers, as an application bundles it: esbuild and vite without configuration, two tabs and a
// Node process on one document, storage that survives a reload, and the baseline where WebAssembly is forbidden.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuildBuild } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createReplica } from "../../host/index.ts";
import { type Relay, serve } from "../../host/relay.ts";
import { Notes } from "./application/notes.ts";
import { collectErrors, launchChromium, skipReason } from "./chromium.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const application = fileURLToPath(new URL("application", import.meta.url));
const wasmFile = fileURLToPath(new URL("../../dist/engine.wasm", import.meta.url));
const WASM_ALLOWED = "script-src 'self' 'wasm-unsafe-eval'";
const WASM_FORBIDDEN = "script-src 'self'";

const bundlers: Record<string, (outFolder: string) => Promise<unknown>> = {
  esbuild: (outdir) =>
    esbuildBuild({
      entryPoints: [join(application, "main.ts")],
      bundle: true,
      format: "esm",
      outdir,
      logLevel: "error",
    }),
  vite: (outDir) =>
    viteBuild({
      root: application,
      configFile: false,
      logLevel: "error",
      build: { outDir, emptyOutDir: true },
    }),
};

const CONTENT_TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** Serves a built application; `/forbidden` is the same page under a policy without WebAssembly. */
function serveApplication(folder: string): RequestListener {
  return (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const isPage = path === "/" || path === "/forbidden";
    const file = path === "/engine.wasm" ? wasmFile : join(folder, isPage ? "index.html" : path);
    readFile(file).then(
      (contents) => {
        response.setHeader("content-type", CONTENT_TYPES[extname(file)] ?? "text/plain");
        response.setHeader("content-security-policy", path === "/forbidden" ? WASM_FORBIDDEN : WASM_ALLOWED);
        response.end(contents);
      },
      () => response.writeHead(path === "/favicon.ico" ? 204 : 404).end(),
    );
  };
}

const title = skipReason === undefined ? "" : ` (skipped: ${skipReason})`;

describe.skipIf(skipReason !== undefined)(`the package in a browser${title}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(() => browser?.close());

  describe.each(Object.keys(bundlers))("bundled by %s without configuration", (bundler) => {
    let folder: string;
    let relay: Relay;
    let url: string;
    let replica: Awaited<ReturnType<typeof createReplica>>;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "jarvis-bundle-"));
      await bundlers[bundler]!(folder);
      if (bundler === "esbuild") {
        const html = await readFile(join(application, "index.html"), "utf8");
        const { writeFile } = await import("node:fs/promises");
        await writeFile(join(folder, "index.html"), html.replace("./main.ts", "./main.js"));
      }
      replica = await createReplica({});
      relay = await serve(replica, { port: 0, onRequest: serveApplication(folder) });
      url = `http://127.0.0.1:${relay.port}`;
    });

    afterAll(async () => {
      await relay?.close();
      await replica?.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function openPage(path = "/"): Promise<{ page: Page; errors: string[] }> {
      const page = await (await browser.newContext()).newPage();
      const errors = collectErrors(page);
      await page.goto(url + path);
      await page.waitForFunction(() => "application" in window);
      return { page, errors };
    }

    test("two tabs and a Node process write one document and agree", async () => {
      const notes = await replica.open("notes", Notes);
      const tabs = [await openPage(), await openPage()];
      await Promise.all(
        tabs.map(({ page }, index) => page.evaluate((name) => window.application.join(name), `tab ${index}`)),
      );
      for (let round = 0; round < 20; round++) {
        notes.count.increment(1);
        notes.texts.set(`node ${round}`, "written in Node");
        await Promise.all(
          tabs.map(({ page }) => page.evaluate((round) => window.application.write(round), round)),
        );
      }
      await expect.poll(() => notes.count.value).toBe(60);
      expect(notes.texts.size).toBe(60);
      for (const { page, errors } of tabs) {
        await expect.poll(() => page.evaluate(() => window.application.digest())).toBe(notes.digest());
        expect(await page.evaluate(() => window.application.count())).toBe(60);
        expect(errors).toEqual([]);
        await page.context().close();
      }
    });

    test("what is stored in IndexedDB survives a reload", async () => {
      const { page, errors } = await openPage();
      await page.evaluate(() => window.application.store("kept"));
      await page.reload();
      await page.waitForFunction(() => "application" in window);
      expect(await page.evaluate(() => window.application.store(""))).toEqual(["kept"]);
      expect(errors).toEqual([]);
      await page.context().close();
    });

    test("runs WebAssembly where it may, the baseline where a policy forbids it", async () => {
      for (const [path, engine] of [
        ["/", "wasm"],
        ["/forbidden", "baseline"],
      ] as const) {
        const { page } = await openPage(path);
        expect(await page.evaluate(() => window.application.engineName())).toBe(engine);
        await page.context().close();
      }
    });

    test("loadEngine takes the module from a file beside the page", async () => {
      const { page, errors } = await openPage();
      expect(await page.evaluate(() => window.application.loadFrom("/engine.wasm"))).toBe("wasm");
      expect(errors).toEqual([]);
      await page.context().close();
    });
  });
});
