// The engine module without SIMD, for machines that lack it: the same source, the same results, slower kernels. Imported on
// demand alone, so that nobody else loads it.
import { decodeModule } from "./module-bytes.ts";
import { scalarModuleBase64 } from "./scalar-module.generated.ts";

export function scalarModuleBytes(): Uint8Array<ArrayBuffer> {
  return decodeModule(scalarModuleBase64);
}
