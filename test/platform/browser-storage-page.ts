// What the browser storage test runs inside a page.
import { platform } from "#platform";
import type { PlatformStorage } from "../../host/platform/platform.ts";

let storage: PlatformStorage | undefined;
const codeOf = (error: unknown) => String(Reflect.get(Object(error), "code"));

const page = {
  /** "open", or the code of the refusal. */
  async open(location: string): Promise<string> {
    try {
      storage = await platform.openStorage(location);
      return "open";
    } catch (error) {
      return codeOf(error);
    }
  },
  async close(): Promise<void> {
    await storage?.close();
  },
  /** Writes `count` records, the value of each its number in four bytes, and deletes every tenth. */
  async fill(count: number, flush: boolean): Promise<void> {
    const keys = Array.from({ length: count }, (_, n) => ({
      key: `record/${String(n).padStart(6, "0")}`,
      n,
    }));
    await storage!.write(
      keys.map(({ key, n }) => ({ type: "put", key, value: new Uint8Array(new Uint32Array([n]).buffer) })),
      flush,
    );
    await storage!.write(
      keys.filter(({ n }) => n % 10 === 0).map(({ key }) => ({ type: "del", key })),
      flush,
    );
  },
  async read(from: string, to: string): Promise<{ keys: string[]; values: number[] }> {
    const keys: string[] = [];
    const values: number[] = [];
    for await (const key of storage!.keys({ from, to })) keys.push(key);
    for await (const [, value] of storage!.entries({ from, to })) {
      values.push(new DataView(value.buffer, value.byteOffset).getUint32(0, true));
    }
    return { keys, values };
  },
  async get(key: string): Promise<number[] | undefined> {
    const value = await storage!.get(key);
    return value === undefined ? undefined : [...value];
  },
  /** The order in which a turn, its microtasks and its end come. */
  turn(): Promise<string[]> {
    const order: string[] = [];
    return new Promise((resolve) => {
      platform.onTurnEnd(() => {
        order.push("turn end");
        platform.onTurnEnd(() => resolve(order));
      });
      queueMicrotask(() => queueMicrotask(() => order.push("microtask")));
      order.push("turn");
    });
  },
  connect: (url: string): Promise<string> => platform.connect(url).then(() => "open", codeOf),
};

export type StoragePage = typeof page;
Reflect.set(globalThis, "storagePage", page);
