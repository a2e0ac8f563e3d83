// The live page of a fleet in a real browser: it is a replica, shows what the fleet shows, survives a reload, and
// stays within the policy it is served with.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Running, start } from "../cli/command-line.ts";
import { generateFolder } from "../fleet/generated-folder.ts";
import { collectErrors, launchChromium, skipReason } from "./chromium.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

describe.skipIf(skipReason !== undefined)(
  `the dashboard${skipReason === undefined ? "" : ` (skipped: ${skipReason})`}`,
  () => {
    let root: string;
    let browser: Browser;
    let fleet: Running;
    let url: string;

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), "jarvis-page-"));
      await generateFolder(join(root, "texts"), 60, 150);
      browser = await launchChromium();
      const words = [
        "--folder",
        join(root, "texts"),
        "--data",
        join(root, "data"),
        "--port",
        "0",
        "--agents",
        "2",
      ];
      fleet = start(["start", ...words, "--pace", "150"]);
      url = (await fleet.waitFor(/page +(http:\/\/\S+)/))[1]!;
    });

    afterAll(async () => {
      fleet?.child.kill("SIGTERM");
      await fleet?.finished;
      await browser?.close();
      await rm(root, { recursive: true, force: true });
    });

    const text = (page: Page, id: string) => page.locator(`#${id}`).textContent();
    const numberOf = async (page: Page, id: string) => Number((await text(page, id))?.replaceAll(",", ""));

    test("moves while the fleet works, and ends with its totals and its digest", async () => {
      const page = await browser.newPage();
      const errors = collectErrors(page);
      await page.goto(url);
      await page.waitForFunction(() => {
        const files = Number(document.getElementById("total-files")?.textContent ?? "0");
        return files > 0 && files < 60;
      });
      expect(await page.locator("#replicas tr").count()).toBeGreaterThanOrEqual(3);
      expect(await page.locator("#history li").count()).toBeGreaterThan(0);
      await fleet.waitFor(/The page stays/);
      const printed = await fleet.waitFor(/^fleet +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+)$/m);
      await page.waitForFunction(
        () => document.getElementById("agreement")?.textContent === "all digests equal",
      );
      for (const [index, id] of ["total-files", "total-bytes", "total-words", "total-terms"].entries()) {
        await expect.poll(() => text(page, id)).toBe(printed[index + 1]);
      }
      const [, digest] = await fleet.waitFor(/^coordinator +\d+ +[0-9a-f]{16} +([0-9a-f]{16})/m);
      await expect.poll(() => text(page, "self-digest")).toBe(digest);
      expect(await text(page, "progress-text")).toContain("60 of 60 files");
      const plots = await page.locator("#load .plot h3").allTextContents();
      expect(plots).toEqual(["cpu", "delay", "files", "memory"]);
      expect(await page.locator("#load .plot .legend").first().textContent()).toContain("agent-1");
      await page.locator("#to-containers").click();
      await page.locator('#container-list a[href="#containers/ingestion"]').click();
      await expect.poll(() => page.locator('.node[data-state="recorded"] .count').textContent()).toBe("60");
      await page.locator('#container-list a[href="#containers/topics"]').click();
      await expect.poll(() => page.locator(".vertex").count()).toBeGreaterThan(20);
      expect(errors).toEqual([]);
      await page.close();
    });

    test("continues after a reload from IndexedDB; a second tab works from memory", async () => {
      const context = await browser.newContext();
      const first = await context.newPage();
      await first.goto(url);
      await first.waitForFunction(() => document.getElementById("total-files")?.textContent === "60");
      expect(await text(first, "self-storage")).toContain("IndexedDB");
      const received = async (page: Page) => page.locator("#links tr.is-self td:nth-child(4)").textContent();
      await expect.poll(() => received(first)).toMatch(/kB/);
      await first.reload();
      await first.waitForFunction(
        () => document.getElementById("agreement")?.textContent === "all digests equal",
      );
      expect(await numberOf(first, "total-files")).toBe(60);

      const second = await context.newPage();
      await second.goto(url);
      await second.waitForFunction(
        () => document.getElementById("agreement")?.textContent === "all digests equal",
      );
      expect(await text(second, "self-storage")).toContain("memory (another tab has the storage)");
      expect(await text(second, "self-digest")).toBe(await text(first, "self-digest"));
      await context.close();
    });

    test("goes on showing what it knows when the relay is gone, and joins again when it is back", async () => {
      const data = join(root, "relay-data");
      const before = start(["serve", "--port", "0", "--data", data]);
      const [, address, port] = await before.waitFor(/page +(http:\/\/127\.0\.0\.1:(\d+))/);
      const page = await browser.newPage();
      await page.goto(address!);
      const linkIs = (text: string) =>
        expect.poll(() => page.locator("#link").textContent(), { timeout: 20_000 }).toBe(text);
      await linkIs("link open");
      expect(await page.locator("#phase").textContent()).toBe("no job yet");
      await expect.poll(() => page.locator("#replicas tr").count()).toBe(1);
      before.child.kill("SIGTERM");
      await before.finished;
      await linkIs("link waiting");
      expect(await page.locator("#replicas tr").count()).toBe(1);
      const after = start(["serve", "--port", port!, "--data", data]);
      await linkIs("link open");
      after.child.kill("SIGTERM");
      expect((await after.finished).status).toBe(0);
      await page.close();
    });
  },
);
