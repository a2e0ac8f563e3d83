// Every container of a document: a list of them, and the view of the one whose name stands in the page's address. It is
// opened when it is first looked at, and shown anew when it changed; one that takes long to show is shown less often.

import { formatCount } from "../../fleet/format.ts";
import {
  type ContainerSummary,
  type Document,
  isCrdtError,
  type Replica,
  type WorkflowDefinition,
} from "../../index.ts";
import { KeyedChildren, make, setAttribute, setText } from "../elements.ts";
import { type KnownContainers, openContainer } from "./container-handles.ts";
import type { ContainerView } from "./container-view.ts";
import { viewOfContainer } from "./container-views.ts";

/** A view may take this part of the time: a render of 20 ms is followed by 80 ms without one. */
const SHARE_OF_TIME = 0.2;

export interface ExplorerOptions {
  readonly replica: Replica;
  readonly document: Document;
  readonly known: KnownContainers;
  readonly definitions: { readonly [name: string]: WorkflowDefinition | undefined };
  nameOf(replica: string): string;
  askForRender(): void;
}

export class Explorer {
  readonly #options: ExplorerOptions;
  readonly #listElement: HTMLElement;
  readonly #list: KeyedChildren<ContainerSummary>;
  readonly #panel: HTMLElement;
  readonly #title = make("h2");
  readonly #body = make("div", "body");
  readonly #views = new Map<string, ContainerView>();
  readonly #changed = new Set<string>();
  #shown: string | undefined;
  #nextMs = 0;

  constructor(list: HTMLElement, panel: HTMLElement, options: ExplorerOptions) {
    this.#options = options;
    this.#panel = panel;
    this.#listElement = list;
    this.#list = new KeyedChildren<ContainerSummary>(list, makeLink, (item, summary) =>
      showLink(item, summary, this.#shown),
    );
    panel.append(this.#title, this.#body);
    options.document.subscribe((change) => {
      this.#changed.add(change.container);
      this.#views.get(change.container)?.noticed?.(change);
    });
  }

  /** Shows the containers, and the one of this name, or the first. */
  show(name: string | undefined): void {
    const summaries = this.#options.document
      .containers()
      .sort((left, right) => (left.name < right.name ? -1 : 1));
    const chosen = summaries.find((summary) => summary.name === name) ?? summaries[0];
    const isOther = chosen?.name !== this.#shown;
    this.#choose(chosen);
    this.#list.show(summaries.map((summary) => [summary.name, summary]));
    if (isOther) this.#bringIntoSight();
    if (chosen === undefined) setText(this.#title, "No containers yet");
    else this.#showChosen(chosen);
  }

  /** The chosen name may stand where a narrow list has to be scrolled to. */
  #bringIntoSight(): void {
    const current = this.#listElement.querySelector<HTMLElement>("[aria-current]")?.parentElement;
    if (current == null || this.#listElement.scrollWidth <= this.#listElement.clientWidth) return;
    this.#listElement.scrollLeft =
      current.offsetLeft - (this.#listElement.clientWidth - current.offsetWidth) / 2;
  }

  #choose(chosen: ContainerSummary | undefined): void {
    if (chosen?.name === this.#shown) return;
    this.#shown = chosen?.name;
    this.#nextMs = 0;
    this.#body.replaceChildren();
    if (chosen === undefined) return;
    const view = this.#views.get(chosen.name);
    if (view === undefined) void this.#open(chosen);
    else this.#body.replaceChildren(view.root);
    this.#changed.add(chosen.name);
  }

  #showChosen({ name, type, size }: ContainerSummary): void {
    const head = `${name} · ${kindText(type)}, ${formatCount(size)}`;
    if (this.#title.dataset.text !== head) {
      this.#title.dataset.text = head;
      this.#title.replaceChildren(name, " ", make("small", "", `${kindText(type)}, ${sizeText(size)}`));
    }
    const view = this.#views.get(name);
    const now = performance.now();
    if (view === undefined || now < this.#nextMs) return;
    if (!this.#changed.delete(name) && view.isLive !== true) return;
    try {
      view.show();
    } catch (error) {
      if (!isCrdtError(error)) throw error;
      this.#say(`${error.message} (${error.code})`);
    }
    const took = performance.now() - now;
    this.#nextMs = now + took / SHARE_OF_TIME;
  }

  async #open({ name, type }: ContainerSummary): Promise<void> {
    const { replica, document, known, definitions, nameOf } = this.#options;
    // What a reader asks for comes at once.
    const askForRender = () => {
      this.#changed.add(name);
      this.#nextMs = 0;
      this.#options.askForRender();
    };
    try {
      const handle = await openContainer(replica, document.name, name, type, known);
      if (handle === undefined) return this.#say(`This page cannot show a container of type ${type}.`, name);
      const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
      const view = viewOfContainer(handle, { nameOf, definition, askForRender });
      this.#views.set(name, view);
      if (this.#shown === name) this.#body.replaceChildren(view.root);
      askForRender();
    } catch (error) {
      if (!isCrdtError(error)) throw error;
      this.#say(`${error.message} (${error.code})`, name);
    }
  }

  #say(text: string, name: string | undefined = this.#shown): void {
    if (this.#shown !== name) return;
    this.#body.replaceChildren(make("p", "note", text));
    setAttribute(this.#panel, "aria-live", "polite");
  }
}

/** The address of a container's view. */
export function addressOf(name: string): string {
  return `#containers/${encodeURIComponent(name)}`;
}

function makeLink(): HTMLElement {
  return make("li", "", make("a", "", make("span", "name"), make("small"), make("b")));
}

function showLink(
  item: HTMLElement,
  { name, type, size }: ContainerSummary,
  shown: string | undefined,
): void {
  const link = item.firstElementChild;
  if (link === null) return;
  setAttribute(link, "href", addressOf(name));
  if (name === shown) setAttribute(link, "aria-current", "true");
  else link.removeAttribute("aria-current");
  [name, kindText(type), formatCount(size)].forEach((text, index) => {
    const part = link.children[index];
    if (part !== undefined) setText(part, text);
  });
}

function kindText(type: string): string {
  return type === "bounded" ? "bounded counter" : type;
}

function sizeText(size: number): string {
  return size === 1 ? "1 entry" : `${formatCount(size)} entries`;
}
