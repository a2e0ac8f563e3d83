// Packs the package, installs the tarball into an empty project and uses it there as a stranger would: imports it in
// Node, runs the command, type-checks a consumer, bundles it for a browser. Fails with a non-zero status.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "jarvis-crdt-package-"));
const run = (command, parameters, cwd = folder) =>
  execFileSync(command, parameters, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const expect = (what, isTrue) => {
  if (!isTrue) throw new Error(`package check failed: ${what}`);
  console.log(`package: ${what}`);
};

try {
  run("npm", ["pack", "--silent", "--pack-destination", folder], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  expect("packs", tarball !== undefined);
  run("node", [join(root, "node_modules/publint/src/cli.js"), join(folder, tarball)]);
  expect("publint finds nothing", true);

  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", `./${tarball}`]);

  writeFileSync(
    join(folder, "use.ts"),
    `import { counter, createReplica, map, schema } from "jarvis-crdt";
import { joinFleet } from "jarvis-crdt/agents";
import { joinBackbone } from "jarvis-crdt/backbone";
import { ConflictPredictor } from "jarvis-crdt/learning";
import { serve } from "jarvis-crdt/relay";
const replica = await createReplica();
const home = await replica.open("home", schema({ visits: counter(), settings: map<{ volume: number }>() }));
home.visits.increment(5);
home.settings.set("volume", 11);
const volume: number | undefined = home.settings.get("volume");
console.log(replica.engineName, home.visits.value, volume, typeof serve, typeof joinBackbone, typeof joinFleet, typeof ConflictPredictor);
await replica.close();
`,
  );
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  run("node", [
    compiler,
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--strict",
    "--skipLibCheck",
    "--types",
    "",
    "use.ts",
  ]);
  expect("a consumer type-checks", true);
  const output = run("node", ["use.js"]).trim();
  expect(`runs in Node: ${output}`, output === "wasm 5 11 function function function function");

  const help = run("npx", ["--no-install", "jarvis", "--help"]);
  expect("the command answers", help.includes("start") && help.includes("inspect"));

  writeFileSync(join(folder, "page.js"), `export * from "jarvis-crdt";\n`);
  const entry = join(folder, "page.js");
  await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    outfile: join(folder, "out.js"),
    logLevel: "error",
  });
  expect("bundles for a browser without configuration", true);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
