// Memory servers as processes of their own, each with the client of the protocol's own kit, over standard input and output.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { program } from "../cli/command-line.ts";

export interface MemoryClient {
  readonly client: Client;
  /** What the transport could not read: anything on standard output that is not the protocol. */
  readonly noise: readonly Error[];
  /** Calls a tool that answers. */
  ask<Result>(name: string, input?: Record<string, unknown>): Promise<Result>;
  /** Calls a tool that must answer with an error; gives its text. */
  refusal(name: string, input?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** Starts `jarvis mcp` with these words. */
export async function startMemoryClient(...words: string[]): Promise<MemoryClient> {
  const client = new Client({ name: "test", version: "1.0.0" });
  const noise: Error[] = [];
  client.onerror = (error) => noise.push(error);
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [program, "mcp", ...words] }),
  );
  const call = async (name: string, input: Record<string, unknown> = {}) => {
    const { content, isError } = await client.callTool({ name, arguments: input });
    return { isError: isError === true, text: (content as { text: string }[])[0]!.text };
  };
  return {
    client,
    noise,
    ask: async (name, input) => {
      const { isError, text } = await call(name, input);
      if (isError) throw new Error(text);
      return JSON.parse(text);
    },
    refusal: async (name, input) => {
      const { isError, text } = await call(name, input);
      if (!isError) throw new Error(`${name} answered ${text}`);
      return text;
    },
    close: () => client.close(),
  };
}
