/** The few things that the page does with elements; a missing one is a mistake in the page and said so. */

type Kind<Type> = new () => Type;

export function part(within: ParentNode, name: string): HTMLElement;
export function part<Type extends HTMLElement>(within: ParentNode, name: string, kind: Kind<Type>): Type;
export function part(within: ParentNode, name: string, kind: Kind<HTMLElement> = HTMLElement): HTMLElement {
  return find(within, `[data-part="${name}"]`, kind);
}

export function find(within: ParentNode, selector: string): HTMLElement;
export function find<Type extends Element>(within: ParentNode, selector: string, kind: Kind<Type>): Type;
export function find(within: ParentNode, selector: string, kind: Kind<Element> = HTMLElement): Element {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

/** A copy of the card in the template. */
export function copyOf(template: string): HTMLElement {
  const { content } = find(document, `template#${template}`, HTMLTemplateElement);
  return find(content, '.card').cloneNode(true) as HTMLElement;
}

/** Writes only what differs: a screen reader and a selection are not disturbed by what stays the same. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** `14:05:09`, or with the date if that is not today's. */
export function timeOf(iso: string | undefined): string {
  if (iso === undefined) return '';
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return date.toDateString() === new Date().toDateString()
    ? date.toLocaleTimeString()
    : date.toLocaleString();
}

export const joined = (...texts: readonly (string | undefined)[]): string =>
  texts.filter((text) => text !== undefined && text !== '').join(' · ');
