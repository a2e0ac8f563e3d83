// `jarvis mcp`: a memory for whoever speaks the Model Context Protocol over standard input and output. Nothing but the
// protocol is written to standard output; what cannot be read is said on standard error. Ends with its input, or when it
// is interrupted.

import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CrdtError } from "../errors.ts";
import { scopeOf } from "./command-scope.ts";
import { aborted, untilInterrupted } from "./interrupt.ts";
import { type MemoryOptions, openMemory } from "./open-memory.ts";
import { packageVersion } from "./package-info.ts";

const PACKAGES = ["@modelcontextprotocol/sdk", "zod"];

export async function mcpCommand(options: MemoryOptions): Promise<number> {
  const scope = scopeOf(options);
  const { createMemoryServer, StdioServerTransport } = await loadServer();
  const { memory, ready, close } = await openMemory(options);
  try {
    const interrupted = aborted(untilInterrupted());
    const ended = once(process.stdin, "end");
    // Whoever started it may go without reading what it is told.
    const left = once(process.stdout, "error");
    const { server, idle } = createMemoryServer(memory, { version: packageVersion, scope, ready });
    const closed = new Promise<void>((resolve) => {
      server.server.onclose = resolve;
    });
    server.server.onerror = ({ message }) => process.stderr.write(`${message.split("\n", 1)[0]}\n`);
    await server.connect(new StdioServerTransport());
    await Promise.race([interrupted, ended, left, closed]);
    // What was read last begins within this turn of the loop, and is answered before the end.
    await nextTurn();
    await idle();
    await nextTurn();
    await server.close();
    return 0;
  } finally {
    await close();
  }
}

/** Errors: package-missing. */
async function loadServer() {
  try {
    return await import("../mcp/index.ts");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new CrdtError(
      "package-missing",
      `jarvis mcp needs packages that are not installed here: npm install ${PACKAGES.join(" ")}`,
      { cause },
    );
  }
}
