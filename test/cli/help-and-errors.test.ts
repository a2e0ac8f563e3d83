// What the command line says of itself, and how it fails: one line that says what to do, and a status.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./command-line.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jarvis-cli-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("help", () => {
  test("names the commands, and is what no command at all prints", async () => {
    const { status, stdout } = await run(["--help"]);
    expect(status).toBe(0);
    for (const name of [
      "start",
      "serve",
      "agent",
      "tasks",
      "explain",
      "submit",
      "inspect",
      "query",
      "search",
      "import",
      "mcp",
      "token",
      "simulate",
    ])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    const bare = await run([]);
    expect(bare.status).toBe(2);
    expect(bare.stderr + bare.stdout).toBe(stdout);
  });

  test.each([
    [
      "start",
      ["--folder", "--agents", "--port", "--data", "--exit", "--pace", "--engine", "--json", "--host"],
    ],
    [
      "serve",
      [
        "--port",
        "--data",
        "--host",
        "--trust",
        "--tls-key",
        "--tls-cert",
        "--client-ca",
        "--insecure",
        "--backbone",
        "--json",
      ],
    ],
    ["agent", ["<url>", "--name", "--data", "--skills", "--token-file", "--ca", "--json"]],
    ["tasks", ["<where>", "--status", "--last", "--document", "--token-file", "--json"]],
    ["explain", ["<where>", "<task>", "--document", "--json"]],
    ["submit", ["<url>", "<kind>", "--input", "--priority", "--mode", "--key", "--wait", "--json"]],
    ["inspect", ["<where>", "--document", "--token-file", "--json"]],
    ["token", ["--new-key", "--key", "--subject", "--allow", "--for", "--json"]],
    ["search", ["<where>", "<question>", "--user", "--k", "--explain", "--token-file", "--json"]],
    ["import", ["<file>", "--data", "--relay", "--tenant", "--user", "--agent", "--run", "--json"]],
    ["mcp", ["--data", "--relay", "--tenant", "--user", "--agent", "--run", "--token-file", "--ca"]],
    [
      "simulate",
      [
        "--nodes",
        "--seed",
        "--seconds",
        "--faults",
        "--topology",
        "--html",
        "--shrink",
        "--keep-faults",
        "--json",
      ],
    ],
    [
      "query",
      [
        "<series>",
        "<where>",
        "--label",
        "--from",
        "--to",
        "--last",
        "--window",
        "--aggregate",
        "--csv",
        "--plot",
      ],
    ],
  ])("of %s lists its options and shows examples", async (name, options) => {
    const { status, stdout, stderr } = await run([name, "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const option of options) expect(stdout).toContain(option);
    expect(stdout).toContain(`$ jarvis ${name}`);
  });

  test("--version prints the version of the package", async () => {
    expect(await run(["--version"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("errors", () => {
  test.each([
    [["dance"], "unknown command 'dance'"],
    [["start", "--loud"], "unknown option '--loud'"],
    [["start", "--agents", "none"], "whole number from 1 to 64"],
    [["start", "--agents", "0"], "whole number from 1 to 64"],
    [["start", "--port", "70000"], "whole number from 0 to 65535"],
    [["start", "--engine", "steam"], "Allowed choices are auto, wasm, baseline"],
    [["start", "--folder", "/no/such/folder"], '"/no/such/folder" is not a folder that can be read'],
    [["start", "--host", "0.0.0.0"], "would let everybody who reaches it read and write"],
    [["serve", "--host", "0.0.0.0"], "would let everybody who reaches it read and write"],
    [["serve", "--tls-key", "/no/such/file"], "--tls-key and --tls-cert go together"],
    [["serve", "--trust", "/no/such/file"], '"/no/such/file" cannot be read'],
    [["token"], "--new-key makes a key"],
    [["token", "--key", "/no/such/file", "--subject", "a", "--allow", "*=read"], "cannot be read"],
    [["token", "--key", "x", "--subject", "a", "--allow", "*=read", "--for", "soon"], "Give a span"],
    [["agent"], "missing required argument 'url'"],
    [["agent", "localhost"], "ws://127.0.0.1:7070"],
    [["query", "metrics"], "missing required argument 'where'"],
    [["query", "metrics", "/no/such/folder"], '"/no/such/folder" holds no stored replica'],
    [["inspect", "/no/such/folder"], '"/no/such/folder" holds no stored replica'],
    [["search", "/no/such/folder", "where", "--user", "ann"], '"/no/such/folder" holds no stored replica'],
    [["search", "/no/such/folder", "where"], "whose memory is meant is not said; give --user"],
    [["search", "/no/such/folder", "where", "--k", "10001"], "whole number from 1 to 10000"],
    [["import", "/no/such/file", "--user", "ann"], "an import needs a place: give --data, --relay or both"],
    [["import", "/no/such/file", "--user", "ann", "--data", "d"], '"/no/such/file" cannot be read'],
    [["mcp", "--user", ""], "Give a name that is not empty"],
    [["mcp", "--user", "n".repeat(101)], "scope.user takes 101 bytes"],
    [["mcp", "--relay", "localhost"], "Give the address of a relay"],
  ])("called as %j: one line, status 2", async (words, message) => {
    const { status, stdout, stderr } = await run(words, { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^error [a-z-]+: [^\n]+\n$/);
    expect(stderr.split(/[ :]/)[1]).toBe("invalid-option");
    expect(stderr).toContain(message);
  });

  test("a relay that is not there: one line, status 1", async () => {
    for (const words of [
      ["agent", "ws://127.0.0.1:9"],
      ["inspect", "ws://127.0.0.1:9"],
      ["mcp", "--relay", "ws://127.0.0.1:9"],
    ]) {
      const { status, stdout, stderr } = await run(words, { cwd: folder });
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(/^error connection-failed: [^\n]+127\.0\.0\.1:9[^\n]+\n$/);
    }
  });
});
