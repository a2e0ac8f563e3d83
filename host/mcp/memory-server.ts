// A memory as a server of the Model Context Protocol (2025-11-25). Parts of the scope that whoever starts it fixes are no
// arguments of its tools, and unknown arguments are refused, so no call reaches beyond them. A call that fails is answered
// as an error; the server goes on.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { CrdtError } from "../errors.ts";
import type { Memory, Scope } from "../memory/index.ts";
import { MEMORY_TOOLS } from "./memory-tools.ts";
import { name } from "./tool-inputs.ts";

export interface MemoryServerOptions {
  readonly version: string;
  /** What no call can change. Where any part is fixed the tenant is too: the one given, or the default. */
  readonly scope: Scope;
  /** Called before a scope is used: resolves when what is known of it elsewhere is here. */
  readonly ready: (scope: Scope) => Promise<void>;
}

const SCOPE_FIELDS = {
  tenant: name.exactOptional().describe("whose users these are"),
  user: name.exactOptional().describe("whom it is about"),
  agent: name.exactOptional().describe("which agent"),
  run: name.exactOptional().describe("which run of the agent"),
};

export interface MemoryServer {
  /** Not connected yet: give it a transport. */
  readonly server: McpServer;
  /** Resolves when every call that has begun is answered. */
  idle(): Promise<void>;
}

export function createMemoryServer(memory: Memory, options: MemoryServerOptions): MemoryServer {
  const running = new Set<Promise<CallToolResult>>();
  const server = new McpServer({ name: "jarvis-memory", version: options.version });
  const open = openFields(options.scope);
  for (const { name: toolName, description, fields, isReadOnly, isDestructive, call } of MEMORY_TOOLS) {
    const inputSchema = z.strictObject({ ...open, ...fields });
    const annotations = { readOnlyHint: isReadOnly, destructiveHint: isDestructive, openWorldHint: false };
    const answer = async (values: Readonly<Record<string, unknown>>): Promise<CallToolResult> => {
      try {
        const scope = { ...scopeOf(values), ...options.scope };
        const rest = Object.entries(values).filter(([field]) => !(field in SCOPE_FIELDS));
        await options.ready(scope);
        return said(JSON.stringify(await call(memory, scope, Object.fromEntries(rest))));
      } catch (error) {
        const code = error instanceof CrdtError ? error.code : "unexpected";
        const message = error instanceof Error ? error.message : String(error);
        return { ...said(`error ${code}: ${message}`), isError: true };
      }
    };
    server.registerTool(toolName, { description, inputSchema, annotations }, (values) => {
      const answering = answer(values);
      running.add(answering);
      void answering.finally(() => running.delete(answering));
      return answering;
    });
  }
  const idle = async (): Promise<void> => {
    while (running.size > 0) await Promise.all(running);
  };
  return { server, idle };
}

function openFields(scope: Scope): Partial<typeof SCOPE_FIELDS> {
  const isAnyFixed = Object.keys(scope).length > 0;
  const isOpen = (part: string): boolean => !Object.hasOwn(scope, part) && !(part === "tenant" && isAnyFixed);
  return Object.fromEntries(Object.entries(SCOPE_FIELDS).filter(([part]) => isOpen(part)));
}

function scopeOf(values: Readonly<Record<string, unknown>>): Scope {
  return Object.fromEntries(Object.entries(values).filter(([field]) => field in SCOPE_FIELDS));
}

const said = (text: string) => ({ content: [{ type: "text" as const, text }] });
