// The door of the mcp room. Importing it needs the optional packages @modelcontextprotocol/sdk and zod.
export { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
export { createMemoryServer, type MemoryServer, type MemoryServerOptions } from "./memory-server.ts";
