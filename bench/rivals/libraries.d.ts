// The parts of the rivals' interfaces that the benchmarks call, declared here because their packages are installed
// by `npm install --prefix bench/rivals` only, and the types of this project must check without them.

declare module "yjs" {
  interface YMap {
    readonly size: number;
    get(key: string): unknown;
    has(key: string): boolean;
    set(key: string, value: unknown): void;
    delete(key: string): void;
    keys(): IterableIterator<string>;
    values(): IterableIterator<unknown>;
  }
  export class Doc {
    clientID: number;
    constructor(options?: { gc?: boolean });
    getMap(name: string): YMap;
    transact(work: () => void): void;
    on(
      event: "update",
      listener: (
        update: Uint8Array,
        origin: unknown,
        doc: Doc,
        transaction: { readonly local: boolean },
      ) => void,
    ): void;
    destroy(): void;
  }
  export function applyUpdate(doc: Doc, update: Uint8Array): void;
  export function mergeUpdates(updates: readonly Uint8Array[]): Uint8Array;
  export function encodeStateAsUpdate(doc: Doc): Uint8Array;
}

declare module "ywasm" {
  export interface YTransaction {
    applyV1(update: Uint8Array): void;
    commit(): void;
    encodeUpdate(): Uint8Array;
    free(): void;
  }
  export class YMap {
    length(transaction: YTransaction | undefined): number;
    get(key: string, transaction: YTransaction | undefined): unknown;
    set(key: string, value: unknown, transaction: YTransaction | undefined): void;
    delete(key: string, transaction: YTransaction | undefined): void;
    toJson(transaction: YTransaction | undefined): Record<string, number>;
  }
  export class YDoc {
    constructor(options: { clientID: number });
    getMap(name: string): YMap;
    beginTransaction(origin: unknown): YTransaction;
    free(): void;
  }
  export function applyUpdate(doc: YDoc, update: Uint8Array, origin: unknown): void;
  export function encodeStateAsUpdate(doc: YDoc): Uint8Array;
}

declare module "json-joy/lib/json-crdt/index.js" {
  import type { Patch } from "json-joy/lib/json-crdt-patch/index.js";

  interface TimestampId {
    readonly time: number;
  }
  export interface ObjNode {
    readonly id: TimestampId;
    readonly keys: ReadonlyMap<string, TimestampId>;
    get(key: string): { view(): unknown } | undefined;
  }
  export interface ModelApi {
    readonly builder: {
      con(value: unknown): TimestampId;
      insObj(object: TimestampId, entries: [string, TimestampId][]): void;
    };
    obj(path: readonly string[]): { readonly node: ObjNode };
    set(value: unknown): void;
    apply(): void;
    flush(): Patch;
  }
  export class Model {
    readonly api: ModelApi;
    static create(schema: undefined, sessionId: number): Model;
    static load(bytes: Uint8Array, sessionId: number): Model;
    fork(sessionId: number): Model;
    applyPatch(patch: Patch): void;
    applyBatch(patches: readonly Patch[]): void;
    toBinary(): Uint8Array;
  }
}

declare module "json-joy/lib/json-crdt-patch/index.js" {
  export class Patch {
    static fromBinary(bytes: Uint8Array): Patch;
    toBinary(): Uint8Array;
  }
}

declare module "loro-crdt" {
  export interface LoroMap {
    readonly size: number;
    get(key: string): unknown;
    set(key: string, value: unknown): void;
    delete(key: string): void;
    keys(): string[];
  }
  export class LoroDoc {
    setPeerId(id: bigint): void;
    getMap(name: string): LoroMap;
    getCounter(name: string): { readonly value: number; increment(amount: number): void };
    commit(): void;
    subscribeLocalUpdates(listener: (update: Uint8Array) => void): () => void;
    export(mode: { mode: "snapshot" | "update" }): Uint8Array;
    import(bytes: Uint8Array): unknown;
    importBatch(updates: readonly Uint8Array[]): unknown;
    free(): void;
  }
}

declare module "@automerge/automerge" {
  export class Counter {
    constructor(value: number);
    readonly value: number;
    increment(amount: number): void;
  }
  export class ImmutableString {
    constructor(text: string);
    readonly val: string;
  }
  export type Doc<T> = T & { readonly __doc: unique symbol };
  export type Change = Uint8Array & { readonly __change: unique symbol };
  export function from<T>(value: T, actor: string): Doc<T>;
  export function clone<T>(doc: Doc<T>, actor: string): Doc<T>;
  export function load<T>(bytes: Uint8Array, actor: string): Doc<T>;
  export function save<T>(doc: Doc<T>): Uint8Array;
  export function change<T>(doc: Doc<T>, work: (draft: T) => void): Doc<T>;
  export function loadIncremental<T>(doc: Doc<T>, bytes: Uint8Array): Doc<T>;
  export function saveIncremental<T>(doc: Doc<T>): Uint8Array;
  export function applyChanges<T>(doc: Doc<T>, changes: readonly Uint8Array[]): [Doc<T>];
  export function getLastLocalChange<T>(doc: Doc<T>): Uint8Array | undefined;
  export function free<T>(doc: Doc<T>): void;
}

declare module "@duckdb/duckdb-wasm/blocking" {
  interface Column {
    toArray(): ArrayLike<number>;
  }
  interface Connection {
    insertArrowFromIPCStream(
      stream: Uint8Array,
      options: { schema: string; name: string; create: boolean },
    ): void;
    query(text: string): { getChild(name: string): Column | null };
  }
  interface Database {
    instantiate(onProgress: () => void): Promise<unknown>;
    connect(): Connection;
  }
  interface Bundle {
    readonly mainModule: string;
    readonly mainWorker: string;
  }
  export class VoidLogger {
    log(): void;
  }
  export const NODE_RUNTIME: object;
  export function createDuckDB(
    bundles: { mvp: Bundle; eh: Bundle },
    logger: VoidLogger,
    runtime: object,
  ): Promise<Database>;
}

declare module "apache-arrow" {
  type Column = Int32Array | Float64Array;
  export interface Vector {
    readonly length: number;
  }
  export class Table {
    constructor(columns: Readonly<Record<string, Vector>>);
  }
  export function makeVector(column: Column): Vector;
  export function tableToIPC(table: Table, type: "stream"): Uint8Array;
}

declare module "arquero" {
  interface ColumnTable {
    params(values: object): ColumnTable;
    groupby(...keys: unknown[]): ColumnTable;
    rollup(columns: object): ColumnTable;
    orderby(...keys: string[]): ColumnTable;
    array(name: string): ArrayLike<number>;
  }
  export function table(columns: Readonly<Record<string, Int32Array | Float64Array>>): ColumnTable;
  export const op: Readonly<
    Record<"count" | "floor" | "max" | "mean" | "min" | "sum", (value?: unknown) => number>
  >;
}

declare module "@y/websocket-server/utils" {
  export function setupWSConnection(
    socket: import("ws").WebSocket,
    request: import("node:http").IncomingMessage,
  ): void;
}

declare module "y-websocket" {
  export class WebsocketProvider {
    constructor(url: string, room: string, doc: import("yjs").Doc, options: object);
    readonly synced: boolean;
    connect(): void;
    disconnect(): void;
  }
}

declare module "@hocuspocus/server" {
  export class Server {
    constructor(options: object);
    readonly httpServer: import("node:http").Server;
    listen(): Promise<unknown>;
  }
}

declare module "@hocuspocus/provider" {
  export class HocuspocusProviderWebsocket {
    constructor(options: object);
    connect(): Promise<unknown>;
    disconnect(): void;
  }
  export class HocuspocusProvider {
    constructor(options: object);
    readonly synced: boolean;
    attach(): void;
  }
}

declare module "@automerge/automerge-repo" {
  interface Patch {
    readonly action: string;
    readonly path: readonly unknown[];
  }
  export interface DocHandle<T> {
    readonly url: string;
    doc(): T;
    change(work: (draft: T) => void): void;
    on(event: "change", listener: (change: { readonly patches: readonly Patch[] }) => void): void;
  }
  export class Repo {
    constructor(options: object);
    readonly networkSubsystem: {
      addNetworkAdapter(adapter: object): void;
      removeNetworkAdapter(adapter: object): void;
    };
    create<T>(value: T): DocHandle<T>;
    find<T>(url: string): Promise<DocHandle<T>>;
  }
}

declare module "@automerge/automerge-repo-network-websocket" {
  export class NodeWSServerAdapter {
    constructor(server: import("ws").WebSocketServer);
  }
  export class WebSocketClientAdapter {
    constructor(url: string);
    disconnect(): void;
  }
}

declare module "bullmq" {
  interface Connection {
    readonly connection: {
      readonly host: string;
      readonly port: number;
      readonly maxRetriesPerRequest: null;
    };
  }
  type JobState = "waiting" | "active" | "delayed" | "failed" | "completed";
  export interface Job<Data = unknown> {
    readonly data: Data;
    /** How often it was begun. */
    readonly attemptsStarted: number;
  }
  export class Queue {
    constructor(name: string, options: Connection);
    addBulk(jobs: readonly { name: string; data: unknown; opts: object }[]): Promise<unknown>;
    getJobs(states: readonly JobState[]): Promise<Job[]>;
    getJobCountByTypes(...states: readonly JobState[]): Promise<number>;
    getCompletedCount(): Promise<number>;
    getWorkersCount(): Promise<number>;
  }
  export class QueueEvents {
    constructor(name: string, options: Connection);
    on(event: "completed", listener: (told: { jobId: string }) => void): this;
    waitUntilReady(): Promise<unknown>;
  }
  export class Worker {
    constructor(
      name: string,
      work: (job: Job) => Promise<void>,
      options: Connection & Readonly<Record<string, unknown>>,
    );
    on(event: "error", listener: (error: Error) => void): this;
    waitUntilReady(): Promise<unknown>;
  }
}

declare module "minisearch" {
  export default class MiniSearch {
    constructor(options: {
      readonly fields: readonly string[];
      readonly processTerm?: (term: string) => string | null;
    });
    addAll(documents: readonly { readonly id: string; readonly text: string }[]): void;
    search(query: string): { readonly id: string }[];
  }
}

declare module "flexsearch" {
  class Index {
    constructor(options: object);
    add(id: number, text: string): void;
    search(
      query: string,
      options: { readonly limit: number; readonly suggest: boolean },
    ): (number | string)[];
  }
  const FlexSearch: { readonly Index: typeof Index };
  export default FlexSearch;
}

declare module "@orama/orama" {
  type Database = { readonly schema: object };
  export function create(options: { readonly schema: object }): Database;
  export function insertMultiple(database: Database, documents: readonly object[]): Promise<string[]>;
  export function search(
    database: Database,
    query: { readonly term: string; readonly limit: number },
  ): Promise<{ readonly hits: readonly { readonly id: string }[] }>;
}
