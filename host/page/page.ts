// The live page. It is a replica like any other: it joins the relay it was served by, merges what comes, and shows what
// its document holds. Nothing is asked of the server but documents, so it goes on showing what it knows when the relay is
// gone. The document is the fleet's job, with an overview of its own, or the one the address names (?document=NAME).

import { INGESTION } from "../fleet/ingestion.ts";
import { FLEET_DOCUMENT, Fleet, PRESENCE_DOCUMENT, Presence } from "../fleet/schema.ts";
import { Explorer } from "./containers/explorer.ts";
import { element, setAttribute } from "./elements.ts";
import { FleetOverview } from "./fleet-overview.ts";
import { openPageReplica, type PageReplica } from "./page-replica.ts";
import { scheduleRenders } from "./render-schedule.ts";
import { TasksPart } from "./tasks/tasks-part.ts";
import { chip } from "./views.ts";

const TOKEN_KEY = "jarvis-token";
const givenHash = location.hash;
if (givenHash.startsWith("#token=")) history.replaceState(null, "", location.pathname + location.search);

async function run(): Promise<void> {
  const page = await openPageReplica();
  const { replica } = page;
  const name = new URLSearchParams(location.search).get("document") ?? FLEET_DOCUMENT;
  const document = await replica.open(name);
  const isFleet = name === FLEET_DOCUMENT;
  const overview = isFleet ? await openOverview(page) : undefined;
  if (overview === undefined) showDocumentAlone(name);

  const render = () => {
    const shown = partOf(location.hash, isFleet);
    showPart(shown.part);
    overview?.show(shown.part === "overview");
    if (shown.part === "tasks") tasks?.show();
    if (shown.part === "containers") explorer.show(shown.container);
  };
  const askForRender = scheduleRenders(render);
  const explorer = new Explorer(element("container-list"), element("container"), {
    replica,
    document,
    known: isFleet ? Fleet.containers : {},
    definitions: isFleet ? { ingestion: INGESTION } : {},
    nameOf: (id) => (id === replica.id ? "this page" : (overview?.nameOf(id) ?? `replica ${id.slice(0, 6)}`)),
    askForRender,
  });
  const tasks = isFleet ? await TasksPart.open(replica, askForRender) : undefined;
  document.subscribe(askForRender);
  overview?.onPresence(askForRender);
  addEventListener("hashchange", render);
  setInterval(askForRender, 1000);
  render();

  chip("link", "connecting", "warning");
  const connection = await replica.connect(location.origin.replace(/^http/, "ws"), tokenOfAddress());
  const showLink = () =>
    chip("link", `link ${connection.status}`, connection.status === "open" ? "good" : "warning");
  connection.onStatus(showLink);
  showLink();
  await overview?.join(connection, askForRender);
}

async function openOverview(page: PageReplica): Promise<FleetOverview> {
  const fleet = await page.replica.open(FLEET_DOCUMENT, Fleet);
  return new FleetOverview(page, fleet, await page.replica.open(PRESENCE_DOCUMENT, Presence));
}

/**
 * What a guarded relay asks for comes once as `#token=…`, a part of the address that browsers send nowhere, and stays for
 * this tab.
 */
function tokenOfAddress(): { readonly credential?: string } {
  const [, given] = /^#token=(.+)$/.exec(givenHash) ?? [];
  if (given !== undefined) sessionStorage.setItem(TOKEN_KEY, decodeURIComponent(given));
  const credential = sessionStorage.getItem(TOKEN_KEY);
  return credential === null ? {} : { credential };
}

const PARTS = ["overview", "tasks", "containers"] as const;
type Part = (typeof PARTS)[number];

/** What the address asks for: `#tasks`, `#containers`, `#containers/NAME`, or else the overview where there is one. */
function partOf(hash: string, isFleet: boolean): { part: Part; container: string | undefined } {
  const [part, name] = hash.slice(1).split("/", 2);
  const container = name === undefined ? undefined : decoded(name);
  if (part === "containers" || !isFleet) return { part: "containers", container };
  return { part: part === "tasks" ? "tasks" : "overview", container: undefined };
}

/** An address that somebody typed may be no encoding of anything. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function showPart(part: Part): void {
  for (const each of PARTS) {
    element(each).hidden = each !== part;
    if (each === part) setAttribute(element(`to-${each}`), "aria-current", "page");
    else element(`to-${each}`).removeAttribute("aria-current");
  }
}

function showDocumentAlone(name: string): void {
  element("parts").hidden = true;
  for (const id of ["phase", "agreement"]) element(id).parentElement?.remove();
  globalThis.document.querySelector("h1 span")?.remove();
  element("folder").textContent = name;
  globalThis.document.title = `${name} · jarvis`;
}

run().catch((error: unknown) => {
  chip("link", error instanceof Error ? error.message : String(error), "danger");
  throw error;
});
