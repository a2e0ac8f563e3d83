// Which engine is chosen, from where the module comes, and what happens where WebAssembly may not be compiled.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const moduleBytes = readFileSync(join(import.meta.dirname, "../../build/engine.wasm"));

/** A fresh copy of the loader, which has started nothing yet. */
async function freshLoader() {
  vi.resetModules();
  return (await import("../../host/engine/load-engine.ts")).loadEngine;
}

describe("loading an engine", () => {
  afterEach(() => vi.restoreAllMocks());

  it("shares one WebAssembly instance unless a module is given", async () => {
    const loadEngine = await freshLoader();
    const [first, second] = [await loadEngine(), await loadEngine({ engine: "wasm" })];
    expect(first.name).toBe("wasm");
    expect(second).toBe(first);
    expect(await loadEngine({ wasm: moduleBytes })).not.toBe(first);
    expect((await loadEngine({ engine: "baseline" })).name).toBe("baseline");
  });

  it("takes bytes, a module, a response and an address", async () => {
    const loadEngine = await freshLoader();
    const url = `data:application/wasm;base64,${moduleBytes.toString("base64")}`;
    const sources = [
      moduleBytes,
      new Uint8Array(moduleBytes).buffer,
      new WebAssembly.Module(moduleBytes),
      new Response(moduleBytes),
      new URL(url),
    ];
    for (const wasm of sources) {
      const engine = await loadEngine({ engine: "wasm", wasm });
      expect(engine.name).toBe("wasm");
      engine
        .createDocument({ replica: "00000000000000aa" as never, hashSeed: [1, 2], driftLimitMs: 0 })
        .close();
    }
  });

  it("says why there is none", async () => {
    const loadEngine = await freshLoader();
    const unavailable = { code: "wasm-unavailable" };
    await expect(loadEngine({ engine: "wasm", wasm: new Uint8Array(8) })).rejects.toMatchObject(unavailable);
    await expect(
      loadEngine({ engine: "wasm", wasm: new Response("", { status: 404 }) }),
    ).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringMatching(/answered 404/),
    });
    await expect(loadEngine({ engine: "wasm", wasm: new URL("no-such-scheme://x") })).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringMatching(/could not be fetched/),
    });
    expect((await loadEngine({ engine: "auto", wasm: new Uint8Array(8) })).name).toBe("baseline");
    await expect(loadEngine({ engine: "rust" as never })).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("where WebAssembly", () => {
  beforeEach(() => void vi.resetModules());
  afterEach(() => void vi.unstubAllGlobals());

  const { CompileError } = WebAssembly;
  const forbid = (): void => {
    class Refused {
      constructor() {
        throw new CompileError("blocked by the policy of this page");
      }
    }
    const refuse = () => Promise.reject(new CompileError("blocked by the policy of this page"));
    vi.stubGlobal("WebAssembly", {
      CompileError,
      Module: Refused,
      Instance: Refused,
      compile: refuse,
      instantiate: refuse,
      validate: () => false,
    });
  };

  it("must not be compiled, auto is the baseline and wasm an error", async () => {
    const loadEngine = await freshLoader();
    forbid();
    expect((await loadEngine()).name).toBe("baseline");
    await expect(loadEngine({ engine: "wasm" })).rejects.toMatchObject({
      code: "wasm-unavailable",
      message: expect.stringMatching(/wasm-unsafe-eval/),
    });
  });

  it("is missing altogether, too", async () => {
    const loadEngine = await freshLoader();
    vi.stubGlobal("WebAssembly", undefined);
    expect((await loadEngine()).name).toBe("baseline");
    await expect(loadEngine({ engine: "wasm" })).rejects.toMatchObject({ code: "wasm-unavailable" });
  });

  it("can be compiled again, it is", async () => {
    const loadEngine = await freshLoader();
    forbid();
    await loadEngine();
    vi.unstubAllGlobals();
    expect((await loadEngine()).name).toBe("wasm");
  });

  it("has no SIMD, the module without it is taken", async () => {
    const scalar = readFileSync(join(import.meta.dirname, "../../build/engine.scalar.wasm"));
    const compiled: number[] = [];
    class Recorder extends WebAssembly.Module {
      constructor(bytes: BufferSource) {
        super(bytes);
        compiled.push(bytes.byteLength);
      }
    }
    vi.spyOn(WebAssembly, "Module").mockImplementation(Recorder as never);
    const loadEngine = await freshLoader();
    await loadEngine();
    expect(compiled).not.toContain(scalar.length);
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    const withoutSimd = await freshLoader();
    expect((await withoutSimd()).name).toBe("wasm");
    expect(compiled).toContain(scalar.length);
  });

  it("has no SIMD, nor the package that module, auto is the baseline", async () => {
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    vi.doMock("../../host/engine/wasm/scalar-module-bytes.ts", () => {
      throw new Error("not shipped");
    });
    const loadEngine = await freshLoader();
    expect((await loadEngine()).name).toBe("baseline");
    await expect(loadEngine({ engine: "wasm" })).rejects.toMatchObject({ code: "wasm-unavailable" });
    vi.doUnmock("../../host/engine/wasm/scalar-module-bytes.ts");
  });
});
