// What the network benchmarks ask of a system: a relay, whole clients, and readers that count what they are sent but
// merge nothing, so that a hundred of them do not cost more than the relay. Writers write under keys of their own.

export interface RelayHandle {
  readonly server: import("node:http").Server;
  /** What clients call the document they share. */
  readonly document: string;
  /** Documents open now, where the relay tells. */
  openDocuments?(): number;
  /** Calls back whenever a client has been let in, where the relay tells. */
  onJoined?(listener: () => void): void;
}

export interface Client {
  /** One mutation, which leaves as one update at the end of the turn. */
  write(key: string, value: string): void;
  /** Many entries as one update. */
  fill(entries: readonly (readonly [key: string, value: string])[]): void;
  get(key: string): string | undefined;
  /** Entries it has. */
  readonly size: number;
  /** Calls back after every change that came from elsewhere. */
  onRemote(listener: () => void): void;
  /** Resolves when what the relay had at the call is here. */
  synced(): Promise<void>;
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
}

export interface Reader {
  /** Updates received. */
  readonly updates: number;
  /** Order does not matter to it: equal for readers that got the same updates. */
  readonly sum: number;
}

export interface System {
  readonly name: string;
  /** In the relay's process. */
  serve(port: number, storage: string | undefined): Promise<RelayHandle>;
  /** Resolves when it has what the relay has. */
  join(url: string, document: string): Promise<Client>;
  /** A whole client that takes little room in a process of hundreds. */
  joinCrowd?(url: string, document: string): Promise<Client>;
  /** Writes one entry to each of so many documents, waits until the relay has them, and leaves. */
  touch?(url: string, from: number, count: number): Promise<void>;
  /** Undefined where nothing but a whole client can read. */
  read?(url: string, document: string): Promise<Reader>;
}
