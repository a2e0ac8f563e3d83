// Bundles bench/ into build/bench and runs it in a fresh Node process.
// usage: npm run bench -- [NAME…] [--json] [--quick] [--engine NAME] [--rounds N] [--data DIR]   (bench/main.ts)
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

try {
  execFileSync(process.execPath, ["scripts/build.mjs", "--wasm"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
} catch {
  console.error("the WebAssembly module was not built: its rows will fail, all others run");
}

const output = join("build", "bench");
mkdirSync(output, { recursive: true });
await build({
  entryPoints: {
    main: "bench/main.ts",
    child: "bench/child.ts",
    "network-role": "bench/network/role.ts",
    "agents-member": "bench/agents/member.ts",
    "agents-bullmq": "bench/agents/bullmq-member.ts",
  },
  outdir: output,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  conditions: ["source"],
  outExtension: { ".js": ".js" },
  logLevel: "warning",
});

// The bundles find the rivals here and everything else in the root's node_modules, one level further up.
const rivals = join("bench", "rivals", "node_modules");
const link = join(output, "node_modules");
rmSync(link, { recursive: true, force: true });
if (existsSync(rivals)) symlinkSync(join(root, rivals), link, "junction");

const { status } = spawnSync(process.execPath, [join(output, "main.js"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
