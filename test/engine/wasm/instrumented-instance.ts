// The engine module with a host call before every store instruction, so that a test can cut a call short at any of them.
// Bulk copies and fills (memory.copy, memory.fill) are single steps of the machine and are not intercepted.
import binaryen from "binaryen";
import { WasmInstance } from "../../../host/engine/wasm/wasm-instance.ts";

export class StoreTrap extends Error {}

export class StoreCounter {
  /** Stores of the call under watch so far. */
  stores = 0;
  /** Throw before this store; 0 for never. */
  trapAt = 0;
  isWatching = false;

  onStore(): void {
    if (!this.isWatching) return;
    this.stores++;
    if (this.stores === this.trapAt) throw new StoreTrap(`before store ${this.trapAt}`);
  }

  /** Runs `call` and throws before its store `trapAt`; counts them. */
  watch<Result>(trapAt: number, call: () => Result): Result {
    this.stores = 0;
    this.trapAt = trapAt;
    this.isWatching = true;
    try {
      return call();
    } finally {
      this.isWatching = false;
    }
  }
}

export function instrument(wasm: Uint8Array): WebAssembly.Module {
  const { MVP, BulkMemory, BulkMemoryOpt, SIMD128, SignExt, NontrappingFPToInt, MutableGlobals } =
    binaryen.Features;
  const module = binaryen.readBinary(wasm);
  module.setFeatures(
    MVP | BulkMemory | BulkMemoryOpt | SIMD128 | SignExt | NontrappingFPToInt | MutableGlobals,
  );
  module.runPasses(["instrument-memory"]);
  const bytes = module.emitBinary();
  module.dispose();
  return new WebAssembly.Module(Uint8Array.from(bytes));
}

export function createInstrumented(module: WebAssembly.Module, counter: StoreCounter): WasmInstance {
  const value = (_id: number, held: unknown): unknown => held;
  const address = (_id: number, _bytes: number, _offset: number, held: number): number => held;
  return new WasmInstance(module, {
    env: {
      memory_grow_pre: value,
      memory_grow_post: value,
      load_ptr: address,
      load_val_i32: value,
      load_val_i64: value,
      load_val_f32: value,
      load_val_f64: value,
      store_ptr: (id: number, bytes: number, offset: number, held: number): number => {
        counter.onStore();
        return address(id, bytes, offset, held);
      },
      store_val_i32: value,
      store_val_i64: value,
      store_val_f32: value,
      store_val_f64: value,
    } as Record<string, (...values: never[]) => unknown>,
  });
}
