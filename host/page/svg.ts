// Elements of drawings, made and updated like those of the page.

const NAMESPACE = "http://www.w3.org/2000/svg";

/** A new element of a drawing with these attributes and children. */
export function draw(
  tag: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: (Node | string)[]
): SVGElement {
  const made = document.createElementNS(NAMESPACE, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}
