// What tabs of one origin share, as the tabs room needs it: locks, channels between tabs, and being put to sleep. Here
// for browsers, over Web Locks, BroadcastChannel and the page's life cycle events; tests hand in their own. A lock ends
// with its tab, however the tab ends, which is what the whole room stands on.
import { CrdtError } from "../errors.ts";

/** Messages to every other tab that has the channel open: whole, and in order from each sender. */
export interface TabChannel {
  post(message: unknown): void;
  /** Sets the one receiver. */
  onMessage(listener: (message: unknown) => void): void;
  close(): void;
}

export interface TabWorld {
  /**
   * Waits for a lock that one tab holds at a time, in the order asked, and calls `granted` with how to let go of it.
   * The answer gives up waiting.
   */
  requestLock(name: string, granted: (release: () => void) => void): () => void;
  openChannel(name: string): TabChannel;
  /** Tells when this tab may stop running any moment (true), and when it runs again. Returns how to stop. */
  onSuspend(listener: (isSuspended: boolean) => void): () => void;
}

const broken = (what: string): CrdtError =>
  new CrdtError(
    "invalid-argument",
    `tabs cannot share a replica here: there is no ${what}; serve the page over https or from localhost, or use createReplica`,
  );

function requestLock(name: string, granted: (release: () => void) => void): () => void {
  const abandoning = new AbortController();
  const hold = () =>
    new Promise<void>((release) => {
      granted(release);
    });
  // Being abandoned is no failure; a document that is going away has nobody left to tell.
  navigator.locks.request(name, { signal: abandoning.signal }, hold).catch(() => {});
  return () => abandoning.abort();
}

function openChannel(name: string): TabChannel {
  const channel = new BroadcastChannel(name);
  return {
    post: (message) => channel.postMessage(message),
    onMessage(listener) {
      channel.onmessage = ({ data }) => listener(data);
    },
    close: () => channel.close(),
  };
}

function onSuspend(listener: (isSuspended: boolean) => void): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  document.addEventListener("freeze", () => listener(true), { signal });
  document.addEventListener("resume", () => listener(false), { signal });
  window.addEventListener("pagehide", () => listener(true), { signal });
  window.addEventListener("pageshow", ({ persisted }) => persisted && listener(false), { signal });
  return () => stopping.abort();
}

/** The tabs of this page's origin. Errors: invalid-argument where the page has no Web Locks (no secure context). */
export function browserTabWorld(): TabWorld {
  if (typeof navigator === "undefined" || navigator.locks === undefined) throw broken("Web Locks API");
  if (typeof BroadcastChannel === "undefined" || typeof document === "undefined")
    throw broken("page with BroadcastChannel");
  return { requestLock, openChannel, onSuspend };
}
