// What tabs say to all others of their origin: who leads, who looks for a leader, who wants to be joined to it. Tabs
// of another version of the application may speak differently: what is not understood is passed over.
import type { ErrorCode } from "../errors.ts";
import { ERROR_CODES } from "../errors.ts";
import type { ConnectionStatus } from "../replica/ports.ts";

const VERSION = 1;

export type TabMessage =
  /** Somebody looks for the leader. */
  | { readonly type: "seek" }
  /** This is the leader, and how it stands with the relay. */
  | { readonly type: "lead"; readonly term: string; readonly relay: ConnectionStatus | "none" }
  /** The leader of this term leads no more. */
  | { readonly type: "leave"; readonly term: string }
  /** A tab asks the leader of this term for a transport over the channel `pair`. */
  | { readonly type: "attach"; readonly term: string; readonly tab: string; readonly pair: string }
  | { readonly type: "ask-names"; readonly term: string; readonly token: string }
  | { readonly type: "names"; readonly token: string; readonly names: readonly string[] }
  /** The leader cannot open the storage, or the relay refuses it. */
  | { readonly type: "trouble"; readonly code: ErrorCode; readonly message: string };

const STATUSES: readonly unknown[] = ["connecting", "open", "closed", "waiting", "none"];
const areTexts = (...values: readonly unknown[]): boolean =>
  values.every((value) => typeof value === "string");

export const versioned = (message: TabMessage): unknown => ({ ...message, version: VERSION });

/** What came over the channel, if it is understood. */
export function asTabMessage(data: unknown): TabMessage | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const fields = data as Record<string, unknown>;
  if (fields.version !== VERSION) return undefined;
  return isWhole(fields) ? (data as TabMessage) : undefined;
}

function isWhole({
  type,
  term,
  tab,
  pair,
  relay,
  token,
  names,
  code,
  message,
}: Record<string, unknown>): boolean {
  switch (type) {
    case "seek":
      return true;
    case "lead":
      return areTexts(term) && STATUSES.includes(relay);
    case "leave":
      return areTexts(term);
    case "attach":
      return areTexts(term, tab, pair);
    case "ask-names":
      return areTexts(term, token);
    case "names":
      return areTexts(token) && Array.isArray(names) && areTexts(...names);
    case "trouble":
      return (ERROR_CODES as readonly unknown[]).includes(code) && areTexts(message);
    default:
      return false;
  }
}
