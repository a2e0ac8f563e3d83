// A guard that admits who shows a client certificate, which the TLS layer has verified against the relay's authority, by
// the common name in it. Certificates last long and are not renewed on a connection; who is taken off the list is out
// at once.
import { CrdtError } from "../errors.ts";
import { checkRows, type Grant, type GrantRow } from "../net/grant.ts";
import type { Applicant, Guard } from "../net/guard.ts";
import { callListener } from "../replica/call-listener.ts";

/** `grants` has what each common name may do. Errors: invalid-argument, limit-exceeded. */
export function certificateGuard(grants: ReadonlyMap<string, readonly GrantRow[]>): Guard {
  const byName = new Map([...grants].map(([name, rows]) => [name, checkRows(rows)]));
  const listeners = new Set<(id: string) => void>();
  return {
    async admit({ certificate }: Applicant): Promise<Grant> {
      if (certificate === undefined) {
        throw new CrdtError("access-denied", "this relay asks for a client certificate: connect with one");
      }
      const { commonName } = certificate;
      const rows = byName.get(commonName);
      if (rows === undefined) {
        throw new CrdtError("access-denied", `nobody called "${commonName}" is let in here`);
      }
      return { subject: commonName, id: commonName, rows, expiresAtMs: Number.POSITIVE_INFINITY };
    },
    revoke(name) {
      byName.delete(name);
      for (const listener of [...listeners]) callListener(listener, name);
    },
    onRevoke(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
