// The engine module that is part of the package, decoded from base64 at first use: a synchronous start without fetching.
import { engineModuleBase64 } from "./module.generated.ts";

let decoded: Uint8Array<ArrayBuffer> | undefined;

export function engineModuleBytes(): Uint8Array<ArrayBuffer> {
  decoded ??= Uint8Array.from(atob(engineModuleBase64), (character) => character.charCodeAt(0));
  return decoded;
}
