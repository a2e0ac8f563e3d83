// A set: its elements, as many as can be looked at, narrowed by a text.

import { formatCount } from "../../fleet/format.ts";
import type { SetHandle } from "../../index.ts";
import { KeyedChildren, make, setText } from "../elements.ts";
import type { ContainerView, ViewContext } from "./container-view.ts";
import { FilterBox } from "./filter-box.ts";
import { valueText } from "./value-text.ts";

/** They are short and stand side by side. */
const ELEMENTS_SHOWN = 600;

export function setView(set: SetHandle<unknown>, context: ViewContext): ContainerView {
  const filter = new FilterBox("filter elements", () => context.askForRender());
  const list = make("ul", "elements");
  const note = make("p", "note");
  const items = new KeyedChildren<string>(list, () => make("li"), setText);
  return {
    root: make("div", "", filter.root, list, note),
    show() {
      const texts = new Set<string>();
      let matching = 0;
      for (const element of set) {
        const text = valueText(element, 120);
        if (!filter.matches(text)) continue;
        matching++;
        texts.add(text);
      }
      const shown = [...texts].sort((left, right) => (left < right ? -1 : 1)).slice(0, ELEMENTS_SHOWN);
      items.show(shown.map((text) => [text, text]));
      const what = filter.text === "" ? `${formatCount(set.size)}` : `${formatCount(matching)} matching`;
      setText(note, set.size === 0 ? "The set is empty." : `${formatCount(shown.length)} of ${what} shown`);
    },
  };
}
