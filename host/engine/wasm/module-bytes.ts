// The engine module that is part of the package, decoded from base64 at first use: a synchronous start without fetching.
// Where there is a Buffer it decodes in a tenth of a millisecond; the loop beside it costs several while it is cold.
import { engineModuleBase64 } from "./module.generated.ts";

interface Base64Decoder {
  from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer>;
}

let decoded: Uint8Array<ArrayBuffer> | undefined;

export function engineModuleBytes(): Uint8Array<ArrayBuffer> {
  decoded ??= decodeModule(engineModuleBase64);
  return decoded;
}

export function decodeModule(base64: string): Uint8Array<ArrayBuffer> {
  const { Buffer } = globalThis as { Buffer?: Base64Decoder };
  return Buffer === undefined ? decodeByLoop(base64) : Buffer.from(base64, "base64");
}

function decodeByLoop(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
