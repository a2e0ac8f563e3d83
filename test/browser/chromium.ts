// Finds and starts a system Chromium for the tests in a real browser: CHROMIUM_PATH, else the usual names on PATH.
// Where there is none the tests are skipped, except in CI, where they fail.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

function findChromium(): string | undefined {
  const { CHROMIUM_PATH, PATH = "" } = process.env;
  const candidates = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...(CHROMIUM_PATH === undefined ? [] : [CHROMIUM_PATH]), ...candidates].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const path = findChromium();

/** Why tests in a browser cannot run here; undefined where they can, and in CI, where they must. */
export const skipReason: string | undefined =
  path === undefined && !process.env.CI ? "no Chromium on PATH or in CHROMIUM_PATH" : undefined;

export function launchChromium(): Promise<Browser> {
  if (path === undefined) throw new Error("no Chromium: install one, or name it in CHROMIUM_PATH");
  return chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
}

/** Collects what goes wrong in a page: uncaught errors and error messages of its console. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return errors;
}
