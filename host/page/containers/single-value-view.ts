// Containers that hold one plain value: registers, flags, maximum and minimum.

import type { FlagHandle, MaximumHandle, MinimumHandle, RegisterHandle } from "../../index.ts";
import { make, setText } from "../elements.ts";
import type { ContainerView } from "./container-view.ts";
import { Figure } from "./figure.ts";
import { RowTable } from "./row-table.ts";
import { fieldsOf, valueText } from "./value-text.ts";

const LONG_TEXT_MAX = 20_000;

/** A register's fields as a table where it holds an object, else its value. */
export function registerView(register: RegisterHandle<unknown>): ContainerView {
  const text = make("p", "prose");
  const fields = new RowTable<readonly [name: string, value: unknown]>(
    [
      { title: "field", text: ([name]) => name },
      { title: "value", kind: "value", text: ([, value]) => valueText(value) },
    ],
    { empty: "An object without fields." },
  );
  return {
    root: make("div", "", text, fields.root),
    show() {
      const value = register.get();
      const parts = fieldsOf(value);
      fields.root.hidden = parts === undefined;
      text.hidden = parts !== undefined;
      setText(text, value === undefined ? "Nothing is set yet." : valueText(value, LONG_TEXT_MAX));
      fields.show(Object.entries(parts ?? {}).map((part) => [part[0], part]));
    },
  };
}

export function flagView(flag: FlagHandle): ContainerView {
  const state = make("span", "state large");
  return {
    root: make("div", "padded", state),
    show() {
      setText(state, flag.value ? "on" : "off");
      state.dataset.tone = flag.value ? "good" : "plain";
    },
  };
}

export function extremeView(extreme: MaximumHandle | MinimumHandle): ContainerView {
  const figure = new Figure();
  const name = extreme.type === "maximum" ? "greatest so far" : "least so far";
  return {
    root: figure.root,
    show: () =>
      figure.show({ [name]: extreme.value === undefined ? "nothing offered" : String(extreme.value) }),
  };
}
