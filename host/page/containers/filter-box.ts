// A field that narrows a long list to what holds a text, whatever its case.

import { make } from "../elements.ts";

export class FilterBox {
  readonly root: HTMLElement;
  readonly #input: HTMLInputElement;

  constructor(label: string, onInput: () => void) {
    this.#input = document.createElement("input");
    this.#input.type = "search";
    this.#input.placeholder = label;
    this.#input.setAttribute("aria-label", label);
    this.#input.autocomplete = "off";
    this.#input.spellcheck = false;
    this.#input.addEventListener("input", onInput);
    this.root = make("div", "filter", this.#input);
  }

  get text(): string {
    return this.#input.value;
  }

  set text(text: string) {
    this.#input.value = text;
  }

  matches(text: string): boolean {
    const wanted = this.#input.value.toLowerCase();
    return wanted === "" || text.toLowerCase().includes(wanted);
  }
}
