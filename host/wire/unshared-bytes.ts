// Values that are kept and given out more than once: all of a decoded value is frozen but its Uint8Arrays, so whoever
// gets it gets copies of those.
import { defineEntry, type Value } from "./value.ts";

/** `value` itself if it holds no bytes; otherwise the same with bytes of its own. */
export function unsharedBytes(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) {
    const items = (value as readonly Value[]).map(unsharedBytes);
    return items.some((item, index) => !Object.is(item, value[index])) ? Object.freeze(items) : value;
  }
  const copy: Record<string, unknown> = {};
  let isCopied = false;
  for (const [key, item] of Object.entries(value as { readonly [key: string]: Value })) {
    const own = unsharedBytes(item);
    isCopied ||= !Object.is(own, item);
    defineEntry(copy, key, own);
  }
  return isCopied ? (Object.freeze(copy) as Value) : value;
}
