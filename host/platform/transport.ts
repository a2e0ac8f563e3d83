// A message channel between two processes: whole binary messages, in order, reliable until it closes. What sessions
// speak over; implemented by WebSockets in Node and browsers and by an in-memory pair. It knows nothing of what the
// messages mean, and neither reconnects nor queues beyond the buffer of the socket.

/** Why a transport closed: a WebSocket close code (1000 normal, 1006 lost without a goodbye) and a sentence. */
export interface TransportClose {
  readonly code: number;
  readonly reason: string;
}

/** A client certificate that the TLS layer has verified. */
export interface PeerCertificate {
  /** The common name of its subject. */
  readonly commonName: string;
  /** SHA-256 of the certificate, hexadecimal digits in pairs. */
  readonly fingerprint: string;
}

export interface Transport {
  /** The other end, for people: a URL or an address. */
  readonly peer: string;
  /** What the other end proved to be; undefined where it proved nothing. */
  readonly certificate?: PeerCertificate | undefined;
  /** Bytes handed to `send` that have not left this process yet. */
  readonly bufferedBytes: number;
  /** Sends one message; after the close it does nothing. The bytes must not be changed afterwards. */
  send(bytes: Uint8Array): void;
  /** Sets the one receiver of messages. Messages that came earlier wait and are delivered first. */
  onMessage(listener: (bytes: Uint8Array) => void): void;
  /** Sets the one receiver of the close, which is told exactly once, at once if it has already happened. */
  onClose(listener: (close: TransportClose) => void): void;
  /** Says goodbye: what was sent before still arrives. */
  close(code?: number, reason?: string): void;
  /** Drops the connection now, for a peer that no longer answers. */
  terminate(): void;
  /** Delivers no more messages until `resumeReading`, and holds the peer back; undefined where that cannot be done. */
  pauseReading?(): void;
  resumeReading?(): void;
}

/** What a client may say about a connection before it is opened. */
export interface TransportOptions {
  /** In Node alone; browsers use what the user's system trusts. */
  readonly tls?: ClientTls;
}

/** PEM texts. */
export interface ClientTls {
  /** Authorities to trust in place of the usual ones. */
  readonly ca?: string;
  /** A certificate of one's own and its key, for servers that ask for one. */
  readonly cert?: string;
  readonly key?: string;
}

export const CLOSE_NORMAL = 1000;
export const CLOSE_UNSUPPORTED_DATA = 1003;
export const CLOSE_LOST = 1006;

/** The receiving half of every transport: keeps messages and the close while nobody listens or reading is paused. */
export class TransportInbox {
  #waiting: Uint8Array[] = [];
  #isPaused = false;
  /** Came while messages before it were held. */
  #heldClose: TransportClose | undefined;
  #close: TransportClose | undefined;
  #messageListener: ((bytes: Uint8Array) => void) | undefined;
  #closeListener: ((close: TransportClose) => void) | undefined;

  get isClosed(): boolean {
    return this.#close !== undefined;
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.#messageListener = listener;
    this.#deliver();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Bytes of messages that are held because reading is paused. */
  get heldBytes(): number {
    return this.#isPaused ? this.#waiting.reduce((sum, bytes) => sum + bytes.length, 0) : 0;
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Delivers what was held, as long as nobody pauses again, and then the close that came behind it. */
  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  onClose(listener: (close: TransportClose) => void): void {
    this.#closeListener = listener;
    if (this.#close !== undefined) listener(this.#close);
  }

  message(bytes: Uint8Array): void {
    if (this.isClosed) return;
    if (this.#messageListener === undefined || this.#isPaused) this.#waiting.push(bytes);
    else this.#messageListener(bytes);
  }

  closed(close: TransportClose): void {
    if (this.isClosed) return;
    if (this.#isPaused && this.#waiting.length > 0 && close.code !== CLOSE_LOST) {
      this.#heldClose ??= close;
      return;
    }
    this.#close = close;
    this.#closeListener?.(close);
  }

  #deliver(): void {
    const listener = this.#messageListener;
    if (listener === undefined) return;
    let next = 0;
    while (!this.#isPaused && next < this.#waiting.length) listener(this.#waiting[next++]!);
    this.#waiting.splice(0, next);
    if (this.#heldClose !== undefined && this.#waiting.length === 0) this.closed(this.#heldClose);
  }
}
