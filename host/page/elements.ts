// The few steps between numbers and the document object model: write only what differs, and keep one element a key so
// that nothing flickers, loses its selection or its scroll position.

/** The element with this id, which the page's HTML holds. */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found;
}

export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setAttribute(target: Element, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** A new element with a class and children. */
export function make(tag: string, className = "", ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** Children of one parent, each belonging to a key: made once, updated in place, in the order given, removed when gone. */
export class KeyedChildren<Item> {
  readonly #parent: HTMLElement;
  readonly #make: () => HTMLElement;
  readonly #update: (child: HTMLElement, item: Item) => void;
  readonly #children = new Map<string, HTMLElement>();

  constructor(
    parent: HTMLElement,
    makeChild: () => HTMLElement,
    update: (child: HTMLElement, item: Item) => void,
  ) {
    this.#parent = parent;
    this.#make = makeChild;
    this.#update = update;
  }

  show(items: readonly (readonly [key: string, item: Item])[]): void {
    const keys = new Set(items.map(([key]) => key));
    for (const [key, child] of this.#children) {
      if (keys.has(key)) continue;
      child.remove();
      this.#children.delete(key);
    }
    let next = this.#parent.firstElementChild;
    for (const [key, item] of items) {
      const child = this.#child(key);
      this.#update(child, item);
      if (child === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(child, next);
    }
  }

  #child(key: string): HTMLElement {
    let child = this.#children.get(key);
    if (child === undefined) {
      child = this.#make();
      this.#children.set(key, child);
    }
    return child;
  }
}
