// A guarded relay from the command line: keys and tokens made, a token that opens it, and none that does not.

import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, run, start } from "./command-line.ts";

const certificates = join(import.meta.dirname, "../access/certificates");
let folder: string;
let relay: Running;
let url: string;
const inFolder = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jarvis-access-"));
  const made = await run(["token", "--new-key", inFolder("relay.key")]);
  expect(made).toMatchObject({ status: 0, stderr: "" });
  relay = start([
    "serve",
    "--port",
    "0",
    "--trust",
    inFolder("relay.key.public"),
    "--tls-key",
    join(certificates, "server.key"),
    "--tls-cert",
    join(certificates, "server.crt"),
  ]);
  [, url = ""] = await relay.waitFor(/relay {2}(wss:\S+)/);
}, 60_000);

afterAll(async () => {
  relay?.child.kill("SIGINT");
  await relay?.finished;
  await rm(folder, { recursive: true, force: true });
});

const ca = ["--ca", join(certificates, "authority.crt")];

async function tokenFile(name: string, ...allow: string[]): Promise<string> {
  const { status, stdout } = await run([
    "token",
    "--key",
    inFolder("relay.key"),
    "--subject",
    name,
    "--allow",
    ...allow,
  ]);
  expect(status).toBe(0);
  await writeFile(inFolder(name), stdout);
  return inFolder(name);
}

test("a key is for its owner alone, and never written over", async () => {
  expect((await stat(inFolder("relay.key"))).mode & 0o777).toBe(0o600);
  expect(await readFile(inFolder("relay.key.public"), "utf8")).not.toContain('"d"');
  const again = await run(["token", "--new-key", inFolder("relay.key")]);
  expect(again).toMatchObject({ status: 2, stderr: expect.stringContaining("must not exist yet") });
  await chmod(inFolder("relay.key"), 0o600);
});

test("a token opens the relay, for what it allows", async () => {
  const reader = await tokenFile("reader", "fleet=read");
  const words = ["inspect", url, ...ca, "--document", "fleet", "--json"];
  const opened = await run([...words, "--token-file", reader]);
  expect(opened).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(opened.stdout)).toMatchObject({ documents: [{ name: "fleet" }] });

  const stranger = await tokenFile("stranger", "elsewhere=write");
  const refused = await run([...words, "--token-file", stranger]);
  expect(refused).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^error [a-z-]+: .+fleet/),
  });
});

test("without a token nothing opens, and no secret is printed", async () => {
  const words = ["inspect", url, ...ca, "--document", "fleet"];
  expect(await run(words)).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^error access-denied: .+asks for a token/),
  });
  const { x: _x, ...rest } = JSON.parse(await readFile(inFolder("relay.key"), "utf8"));
  await writeFile(inFolder("damaged"), `${JSON.stringify(rest)}\n`);
  const made = await run(["token", "--key", inFolder("damaged"), "--subject", "a", "--allow", "*=read"]);
  expect(made.status).toBe(1);
  expect(made.stderr).not.toContain(rest.d);
});

test("a relay whose authority nobody trusts is not talked to", async () => {
  const reader = await tokenFile("doubting", "fleet=read");
  expect(await run(["inspect", url, "--document", "fleet", "--token-file", reader])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^error connection-failed: /),
  });
});
