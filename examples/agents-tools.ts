// What an agent can be made of: a function, a child process, and the tools of an MCP server. The server here runs in the
// same process; one of its own is reached with `new StdioClientTransport({ command, args })` in place of the pair.
// Run: npm run example -- agents-tools
import { execFile } from "node:child_process";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { createReplica } from "jarvis-crdt";
import { type Agent, joinFleet, type Run } from "jarvis-crdt/agents";
import { z } from "zod";

/** A task is a program and its arguments; it is killed when the right to run is lost. */
const runProgram = ([program, ...parameters]: string[], { signal, token }: Run): Promise<string> =>
  new Promise((resolve, reject) => {
    // Whatever the program changes should ask for the token: a killed program may have done something already.
    const env = { ...process.env, TASK: token.task, TASK_EPOCH: String(token.epoch) };
    execFile(program!, parameters, { signal, env }, (error, output) => {
      if (error === null) resolve(output.trim());
      else reject(error);
    });
  });

/** Each tool becomes a kind of task. */
async function workWithTools(agent: Agent, client: Client): Promise<void> {
  for (const { name } of (await client.listTools()).tools) {
    agent.work(`tool-${name}`, async (input: Record<string, unknown>, { signal }) => {
      const { content, isError } = await client.callTool({ name, arguments: input }, undefined, { signal });
      const texts = (content as { type: string; text?: string }[]).map(({ text = "" }) => text).join("\n");
      if (isError === true) throw new Error(texts);
      return texts;
    });
  }
}

const server = new McpServer({ name: "calculator", version: "1.0.0" });
server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
  content: [{ type: "text", text: String(a + b) }],
}));
const client = new Client({ name: "fleet", version: "1.0.0" });
const [near, far] = InMemoryTransport.createLinkedPair();
await Promise.all([server.connect(far), client.connect(near)]);

const replica = await createReplica();
const fleet = await joinFleet(replica);
const agent = fleet.register({ id: "anna", slots: 3 });
agent.work("shout", (text: string) => text.toUpperCase()).work("program", runProgram);
await workWithTools(agent, client);

const ids = fleet.submitMany([
  { kind: "shout", input: "hello" },
  { kind: "program", input: [process.execPath, "-p", "process.env.TASK_EPOCH"] },
  { kind: "tool-add", input: { a: 2, b: 3 } },
]);
for (const id of ids) console.log((await fleet.settled(id)).result);
// → HELLO
// → 1
// → 5

await fleet.leave();
await client.close();
await replica.close();
