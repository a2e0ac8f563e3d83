// The end of a turn in browsers, where all callbacks of a turn share a task.
import { afterEach, expect, it, vi } from "vitest";
import { platform } from "../../host/platform/browser.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("a callback that throws surfaces, and takes none of the others along", async () => {
  const surfaced: (() => void)[] = [];
  const ran = await new Promise<string[]>((resolve) => {
    const seen: string[] = [];
    vi.stubGlobal("queueMicrotask", (callback: () => void) => surfaced.push(callback));
    platform.onTurnEnd(() => {
      seen.push("first");
      throw new Error("thrown at the end of a turn");
    });
    platform.onTurnEnd(() => resolve([...seen, "second"]));
  });
  expect(ran).toEqual(["first", "second"]);
  expect(surfaced.length).toBe(1);
  expect(surfaced[0]).toThrow("thrown at the end of a turn");
});
