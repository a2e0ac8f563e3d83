// Who may come in: the seam between sessions, which ask and enforce, and whoever knows (host/access has guards for
// signed tokens and for client certificates). A relay without a guard lets everybody in.
import type { PeerCertificate } from "../platform/transport.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { Grant } from "./grant.ts";

/** What is known of somebody who asks to come in. */
export interface Applicant {
  readonly replica: ReplicaId;
  /** What it presents; undefined where it presents nothing. A secret: it belongs in no message and no log. */
  readonly credential: string | undefined;
  readonly certificate: PeerCertificate | undefined;
}

export interface Guard {
  /** What the applicant may do. Rejects with access-denied; the message is told to the peer. */
  admit(applicant: Applicant): Promise<Grant>;
  /** Takes a grant back: sessions that stand on it end now, and it is not admitted again. */
  revoke(grantId: string): void;
  onRevoke(listener: (grantId: string) => void): () => void;
}
