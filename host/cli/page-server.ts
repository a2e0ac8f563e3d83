// Serves the page: three files, each with its content type and a policy that lets the page run its own script, compile
// WebAssembly and open WebSockets, and load nothing from anywhere else. Leaves out everything but GET and HEAD.

import { readFile } from "node:fs/promises";
import type { RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";

const FILES: Readonly<Record<string, readonly [name: string, contentType: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
  "/page.css": ["page.css", "text/css; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
};

const HEADERS = {
  "cache-control": "no-cache",
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Answers requests with the files of `folder`, and /job.json with the id that the page stores its replica under. */
export function servePage(folder: string, jobId: string): RequestListener {
  return (request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const file = FILES[path === "/index.html" ? "/" : path];
    if (request.method !== "GET" && request.method !== "HEAD")
      return say(response, 405, "only GET is answered here");
    if (path === "/job.json")
      return send(response, "application/json", Buffer.from(JSON.stringify({ id: jobId })));
    if (file === undefined) return say(response, 404, `there is no ${path} here; the page is at /`);
    readFile(join(folder, file[0])).then(
      (contents) => {
        send(response, file[1], contents);
      },
      () => say(response, 404, `${file[0]} is not built; run npm run build`),
    );
  };
}

/** A response to HEAD leaves the body out by itself. */
function send(response: ServerResponse, contentType: string, contents: Buffer): void {
  response.writeHead(200, { ...HEADERS, "content-type": contentType, "content-length": contents.length });
  response.end(contents);
}

function say(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { ...HEADERS, "content-type": "text/plain; charset=utf-8" });
  response.end(`${message}\n`);
}
