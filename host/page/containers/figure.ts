// One large number or word with what it means: the head of views that come down to a single value.

import { make, setText } from "../elements.ts";

export class Figure {
  readonly root = make("dl", "figures");
  readonly #parts = new Map<string, HTMLElement>();

  /** Shows the texts under their names, in this order. */
  show(texts: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(texts)) setText(this.#part(name), text);
  }

  #part(name: string): HTMLElement {
    let part = this.#parts.get(name);
    if (part === undefined) {
      part = make("dd");
      this.root.append(make("div", "", make("dt", "", name), part));
      this.#parts.set(name, part);
    }
    return part;
  }
}
