// Where this package lies and what it is called, found from where this file was installed to.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package: the nearest one above this file with a package.json. */
export const packageFolder: string = folderAbove(dirname(fileURLToPath(import.meta.url)));

/** The built command line, which the fleet starts again for each agent. */
export const commandFile: string = join(packageFolder, "dist/cli/main.js");

/** The built page. */
export const pageFolder: string = join(packageFolder, "dist/page");

export const packageVersion: string = readVersion(join(packageFolder, "package.json"));

/** A checkout has sources to read; an installed package has only what was built. */
export const isCheckout: boolean = existsSync(join(packageFolder, "host"));

function folderAbove(folder: string): string {
  const parent = dirname(folder);
  return existsSync(join(folder, "package.json")) || parent === folder ? folder : folderAbove(parent);
}

function readVersion(path: string): string {
  const contents: unknown = JSON.parse(readFileSync(path, "utf8"));
  const hasVersion = typeof contents === "object" && contents !== null && "version" in contents;
  return hasVersion && typeof contents.version === "string" ? contents.version : "0.0.0";
}
