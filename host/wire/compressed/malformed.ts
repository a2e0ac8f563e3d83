// The error for compressed bytes that are none.
import { CrdtError } from "../../errors.ts";

export function malformed(reason: string): CrdtError {
  return new CrdtError("malformed-delta", `malformed compressed delta: ${reason}; ask for it again`);
}
