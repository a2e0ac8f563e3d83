// Builds everything the package ships, skipping each step whose inputs did not change:
// assembly/ → build/*.wasm → host/engine/wasm/*.generated.ts, host/ → dist/ (declarations by tsc, modules by bundle-modules.mjs), the page → dist/page/ (bundle-page.mjs).
// usage: node scripts/build.mjs [--force] [--wasm]   (--wasm: stop after the WebAssembly module)
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const force = process.argv.includes("--force");

const filesBelow = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath ?? item.path, item.name))
    .sort();

const digestOf = (paths) => {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(path).update("\0").update(readFileSync(path));
  return hash.digest("hex");
};

/** Runs `step` unless its inputs and outputs are as they were after its last run. */
function build(name, inputs, outputs, step) {
  const stamp = join("build", `${name}.stamp`);
  const digest = digestOf(inputs);
  const isFresh =
    !force && outputs.every(existsSync) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest;
  if (isFresh) return;
  rmSync(stamp, { force: true });
  const start = performance.now();
  step();
  writeFileSync(stamp, digest);
  console.error(`built ${name} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

const run = (command, ...parameters) =>
  execFileSync(process.execPath, [command, ...parameters], { stdio: ["ignore", "inherit", "inherit"] });

const pageFiles = ["index.html", "page.css", "icon.svg", "page.js"];

mkdirSync("build", { recursive: true });

const assembly = [...filesBelow("assembly"), "host/limits.ts", "asconfig.json", "package-lock.json"];
const compiler = "node_modules/assemblyscript/bin/asc.js";
build("wasm", assembly, ["build/engine.wasm", "build/engine.debug.wasm", "build/engine.scalar.wasm"], () => {
  for (const target of ["debug", "release", "scalar"]) {
    run(compiler, "--config", "asconfig.json", "--target", target);
  }
});

/** Writes a module as text, so that the package can start without fetching a file. */
function inlineModule(name, wasm, generated, constant) {
  build(name, [wasm], [generated], () => {
    const base64 = readFileSync(wasm).toString("base64");
    writeFileSync(
      generated,
      `// Written by scripts/build.mjs from ${wasm}.\nexport const ${constant} =\n  "${base64}";\n`,
    );
  });
}

const wasmRoom = "host/engine/wasm";
inlineModule("module", "build/engine.wasm", `${wasmRoom}/module.generated.ts`, "engineModuleBase64");
inlineModule(
  "scalar-module",
  "build/engine.scalar.wasm",
  `${wasmRoom}/scalar-module.generated.ts`,
  "scalarModuleBase64",
);

if (!process.argv.includes("--wasm")) {
  const configuration = [
    "tsconfig.json",
    "tsconfig.build.json",
    "package.json",
    "scripts/bundle-modules.mjs",
  ];
  const sources = [...filesBelow("host"), ...configuration];
  build("dist", sources, ["dist/index.js"], () => {
    rmSync("dist", { recursive: true, force: true });
    rmSync("build/host.tsbuildinfo", { force: true });
    run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
    run("scripts/bundle-modules.mjs");
    for (const name of ["engine.wasm", "engine.scalar.wasm"]) cpSync(`build/${name}`, `dist/${name}`);
  });
  build(
    "page",
    [...sources, "scripts/bundle-page.mjs", "package-lock.json", "dist/index.js"],
    pageFiles.map((name) => `dist/page/${name}`),
    () => run("scripts/bundle-page.mjs"),
  );
}
