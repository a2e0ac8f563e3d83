// The memory that a command works on: stored in a folder or not, joined to a relay or not.

import { setTimeout as rest } from "node:timers/promises";
import { isCrdtError } from "../errors.ts";
import { createReplica } from "../index.ts";
import { createMemory, documentNameOf, type Memory, type Scope } from "../memory/index.ts";
import { type ClientAccess, connectOptionsOf } from "./access-options.ts";
import type { ScopeOptions } from "./scope-options.ts";

/** How long a relay is waited for; without it things go on with what is here. */
const RELAY_WAIT_MS = 3_000;

export interface MemoryOptions extends ClientAccess, ScopeOptions {
  readonly data?: string;
  readonly relay?: string;
}

export interface OpenMemory {
  readonly memory: Memory;
  /** Opens a scope's owner, with what the relay has of it where the relay answers soon. */
  ready(scope: Scope): Promise<void>;
  /** Resolves when the relay has what is here. */
  delivered(scope: Scope): Promise<void>;
  close(): Promise<void>;
}

export async function openMemory({ data, relay, ...access }: MemoryOptions): Promise<OpenMemory> {
  const replica = await createReplica(data === undefined ? {} : { storage: data });
  try {
    const connection =
      relay === undefined ? undefined : await replica.connect(relay, await connectOptionsOf(access));
    const memory = createMemory(replica);
    const asked = new Map<string, Promise<void>>();
    const ask = async (scope: Scope): Promise<void> => {
      // Opens the owner's document, which the connection subscribes to.
      await memory.sessions(scope);
      await atMost(connection?.synced(documentNameOf(scope)));
    };
    return {
      memory,
      ready: (scope) => {
        const name = documentNameOf(scope);
        const asking = asked.get(name) ?? ask(scope);
        asked.set(name, asking);
        // One that failed is asked for again by the next call.
        asking.catch(() => asked.delete(name));
        return asking;
      },
      delivered: async (scope) => {
        await connection?.synced(documentNameOf(scope));
      },
      close: async () => {
        // What was written last may still be on its way; who may only read has nothing on its way.
        await atMost(connection?.synced()).catch(() => {});
        await memory.close();
        await replica.close();
      },
    };
  } catch (error) {
    await replica.close();
    throw error;
  }
}

/**
 * Waits for `synced` a while. A connection that is lost brings what is missing when it is back; one that ended for good
 * leaves what is here.
 */
async function atMost(synced: Promise<void> | undefined): Promise<void> {
  try {
    await Promise.race([synced, rest(RELAY_WAIT_MS, undefined, { ref: false })]);
  } catch (error) {
    if (!isCrdtError(error, "connection-closed")) throw error;
  }
}
