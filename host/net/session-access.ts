// Access on one session, as an extension of the protocol (docs/protocol.md, "Access"). The listening side holds every
// document back until its guard has admitted the peer, looks at each frame of a document, and ends the session when the
// grant expires, is taken back, or changes. The connecting side presents its credential, renews it in time, and keeps
// to itself what it may not write.
import { CrdtError, isCrdtError } from "../errors.ts";
import { CREDENTIAL_BYTES_MAX, CREDENTIALS_A_MINUTE_MAX } from "../limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { PeerCertificate } from "../platform/transport.ts";
import type { CredentialSource } from "../replica/ports.ts";
import { ASK_TYPE, ASKS, readAsk, readTell, TELL_TYPE, writeAsk, writeTell } from "./access-frames.ts";
import type { Extension, ExtensionEnd, ExtensionPeer } from "./extension.ts";
import { type FrameReader, malformed } from "./frame-reader.ts";
import { type Grant, type GrantRow, hasRight, hasRightOnAll, type Right, rightOn } from "./grant.ts";
import type { Guard } from "./guard.ts";
import type { Role } from "./handshake.ts";
import type { Hello, Retry } from "./messages.ts";
import { Fatal } from "./session-errors.ts";

const ACCESS_FEATURE = 1 << 6;

/** A credential is renewed when this part of its time is left. */
const RENEW_LEFT = 0.25;
const RENEW_MS_MIN = 1_000;
/** Timers hold no more than 2^31 − 1 ms. */
const TIMER_MS_MAX = 2_000_000_000;

const encoder = new TextEncoder();

export interface SessionAccessParts {
  readonly role: Role;
  readonly platform: Platform;
  /** Of the listening side. */
  readonly guard: Guard | undefined;
  /** Of the connecting side. */
  readonly credential: CredentialSource | undefined;
  /** The session may begin: called once, after {@link SessionAccess.isAwaited} said to wait. */
  readonly welcome: () => void;
  /** Ends the session. */
  readonly fail: (error: unknown) => void;
}

export class SessionAccess implements ExtensionEnd {
  readonly #parts: SessionAccessParts;
  #peer: ExtensionPeer | undefined;
  #grant: Grant | undefined;
  /** What the other side said we may do; undefined where it does not say. */
  #ownRows: readonly GrantRow[] | undefined;
  /** Settles when the guard has judged the peer. */
  #admission: Promise<Grant> | undefined;
  #admitted: (grant: Grant) => void = () => {};
  #denied: (error: unknown) => void = () => {};
  #cancelTimer: () => void = () => {};
  #stopListening: () => void = () => {};
  /** Credentials judged since {@link #minuteBeganMs}. */
  #judged = 0;
  #minuteBeganMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(parts: SessionAccessParts) {
    this.#parts = parts;
    if (!this.#isGuarded) return;
    this.#admission = new Promise((resolve, reject) => {
      this.#admitted = resolve;
      this.#denied = reject;
    });
    this.#admission.catch(() => {});
  }

  get #isGuarded(): boolean {
    return this.#parts.role === "server" && this.#parts.guard !== undefined;
  }

  /** What this side speaks: nothing where it listens and does not guard. */
  get extensions(): readonly Extension[] {
    if (!this.#isGuarded && this.#parts.role === "server") return [];
    const open = (peer: ExtensionPeer) => {
      this.#peer = peer;
      if (this.#parts.role === "client") void this.#present();
      return this;
    };
    return [{ feature: ACCESS_FEATURE, types: [ASK_TYPE, TELL_TYPE], open }];
  }

  /** Who the peer was admitted as; undefined before, and where nobody guards. */
  get grant(): Grant | undefined {
    return this.#grant;
  }

  /** Whether the session begins only after a grant. */
  isAwaited(hello: Hello): boolean {
    return this.#isGuarded || (this.#parts.role === "client" && (hello.features & ACCESS_FEATURE) !== 0);
  }

  /** The peer said hello. Who does not speak of credentials is judged without one. */
  greeted(hello: Hello, certificate: PeerCertificate | undefined): void {
    if (!this.#isGuarded) return;
    this.#stopListening = this.#parts.guard!.onRevoke((id) => {
      if (this.#grant?.id === id && id !== "") this.#end("the credential was taken back", "no");
    });
    if ((hello.features & ACCESS_FEATURE) === 0) void this.#judge(undefined, hello, certificate);
  }

  /** Resolves with what the peer may do with a document. Rejects where the guard did not admit it. */
  async rightOf(document: string): Promise<Right> {
    if (this.#admission === undefined) return "admin";
    return rightOn((await this.#admission).rows, document);
  }

  /** Whether the guard has still to judge the peer, so that documents must wait. */
  get isPending(): boolean {
    return this.#admission !== undefined && this.#grant === undefined;
  }

  /** What the peer may do with a document now; without a guard everything. */
  rightNow(document: string): Right {
    if (this.#admission === undefined) return "admin";
    return this.#grant === undefined ? "none" : rightOn(this.#grant.rows, document);
  }

  /** Whether the other side takes what we write. */
  mayWrite(document: string): boolean {
    return this.#ownRows === undefined || hasRight(rightOn(this.#ownRows, document), "write");
  }

  /** Looks at a frame of a document before it is handled. Errors: access-denied. */
  check(right: Right, needed: Right, document: string): void {
    if (this.#admission === undefined) return;
    const now = this.#parts.platform.now();
    if (this.#grant === undefined || now >= this.#grant.expiresAtMs) {
      throw denied("the credential has expired", "yes");
    }
    if (!hasRight(right, needed)) {
      throw denied(`"${this.#grant.subject}" may ${right} document "${document}", not ${needed} it`, "no");
    }
  }

  receive(type: number, reader: FrameReader): void {
    if (type === ASK_TYPE && this.#isGuarded) this.#asked(reader);
    else if (type === TELL_TYPE && this.#parts.role === "client") this.#told(reader);
    else throw malformed(`a frame of type ${type} from the wrong end`);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#stopListening();
    this.#denied(new CrdtError("connection-closed", "the connection ended before the peer was admitted"));
  }

  #asked(reader: FrameReader): void {
    const { kind, text } = readAsk(reader);
    if (kind === ASKS.credential) {
      this.#countCredential();
      void this.#judge(text === "" ? undefined : text, this.#peer!.hello, this.#peer!.transport.certificate);
    } else if (kind === ASKS.revoke) this.#revoke(text);
    else throw malformed(`an access frame of kind ${kind}`);
  }

  #countCredential(): void {
    const nowMs = this.#parts.platform.monotonicMs();
    if (nowMs - this.#minuteBeganMs > 60_000) {
      this.#minuteBeganMs = nowMs;
      this.#judged = 0;
    }
    if (++this.#judged > CREDENTIALS_A_MINUTE_MAX) {
      throw malformed(`more than ${CREDENTIALS_A_MINUTE_MAX} credentials in a minute`);
    }
  }

  #revoke(id: string): void {
    const grant = this.#grant;
    if (grant === undefined || !hasRightOnAll(grant.rows, "admin")) {
      throw denied(`"${grant?.subject ?? ""}" may not take credentials back: that needs admin on "*"`, "no");
    }
    this.#parts.guard!.revoke(id);
  }

  async #judge(
    credential: string | undefined,
    { replica }: Hello,
    certificate: PeerCertificate | undefined,
  ): Promise<void> {
    try {
      const grant = await this.#parts.guard!.admit({ replica, credential, certificate });
      if (this.#isClosed) return;
      this.#take(grant);
    } catch (error) {
      if (this.#isClosed) return;
      // What went wrong inside the guard is not the peer's to know.
      const told = isCrdtError(error)
        ? new Fatal(error, "no")
        : denied("the credential could not be judged now", "yes");
      this.#denied(told.error);
      this.#parts.fail(told);
    }
  }

  #take(grant: Grant): void {
    const previous = this.#grant;
    if (previous !== undefined && !areSameRows(previous.rows, grant.rows)) {
      this.#end("what the credential allows has changed", "yes");
      return;
    }
    const leftMs = grant.expiresAtMs - this.#parts.platform.now();
    if (leftMs <= 0) {
      this.#end("the credential has expired", "no");
      return;
    }
    this.#grant = grant;
    this.#cancelTimer();
    this.#expireAfter(grant, leftMs);
    this.#peer?.sendFrame(TELL_TYPE, (writer) => writeTell(writer, grant.rows, leftMs));
    if (previous !== undefined) return;
    this.#parts.welcome();
    this.#admitted(grant);
  }

  #expireAfter(grant: Grant, leftMs: number): void {
    if (leftMs === Number.POSITIVE_INFINITY) return;
    const { platform } = this.#parts;
    const wake = () => {
      const stillMs = grant.expiresAtMs - platform.now();
      if (stillMs > 0) this.#expireAfter(grant, stillMs);
      else this.#end("the credential has expired", "yes");
    };
    this.#cancelTimer = platform.setTimer(wake, Math.min(leftMs, TIMER_MS_MAX), { background: true });
  }

  #told(reader: FrameReader): void {
    const { leftMs, rows } = readTell(reader);
    const isFirst = this.#ownRows === undefined;
    this.#ownRows = rows;
    if (isFirst) this.#parts.welcome();
    if (leftMs > 0) this.#renewAfter(Math.max(leftMs * (1 - RENEW_LEFT), Math.min(leftMs / 2, RENEW_MS_MIN)));
  }

  /** Only a source can give a fresh credential; one that was given as text is used until it ends. */
  #renewAfter(ms: number): void {
    if (typeof this.#parts.credential !== "function") return;
    this.#cancelTimer();
    const { platform } = this.#parts;
    this.#cancelTimer = platform.setTimer(() => void this.#present(), Math.min(ms, TIMER_MS_MAX), {
      background: true,
    });
  }

  async #present(): Promise<void> {
    try {
      const { credential = "" } = this.#parts;
      const text = typeof credential === "function" ? await credential() : credential;
      if (this.#isClosed) return;
      const bytes = encoder.encode(text);
      if (bytes.length > CREDENTIAL_BYTES_MAX) {
        const message = `a credential of ${bytes.length} bytes: at most ${CREDENTIAL_BYTES_MAX}`;
        throw new CrdtError("limit-exceeded", message);
      }
      this.#peer!.sendFrame(ASK_TYPE, (writer) => writeAsk(writer, ASKS.credential, bytes));
    } catch (error) {
      if (this.#isClosed) return;
      const failure = new CrdtError("access-denied", "no credential could be had: its source failed", {
        cause: error,
      });
      this.#parts.fail(isCrdtError(error) ? error : failure);
    }
  }

  /** Asks the other side to take a grant back, by its id. */
  askToRevoke(id: string): void {
    const bytes = encoder.encode(id);
    this.#peer?.sendFrame(ASK_TYPE, (writer) => writeAsk(writer, ASKS.revoke, bytes));
  }

  #end(reason: string, retry: Retry): void {
    this.#parts.fail(denied(reason, retry));
  }
}

function denied(reason: string, retry: Retry): Fatal {
  return new Fatal(
    new CrdtError("access-denied", `${reason}; connect with a credential that allows it`),
    retry,
  );
}

function areSameRows(some: readonly GrantRow[], others: readonly GrantRow[]): boolean {
  const isSame = ({ pattern, right }: GrantRow, row: number) =>
    others[row]?.pattern === pattern && others[row].right === right;
  return some.length === others.length && some.every(isSame);
}
