/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | undefined | null | ((event: any) => void)>} Properties */
/**
 * @template T
 * @typedef {{ readonly element: Element, update(item: T): void }} Part something on the page that follows its data
 */

/**
 * An element. What comes from elsewhere becomes text, never markup.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} [properties] attributes; functions are listeners, by the name of their event
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined && value !== null)
      element.setAttribute(name, String(value));
  }
  element.append(...nodes(children));
  return element;
}

const svgSpace = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...Element} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(svgSpace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return /** @type {SVGElement} */ (element);
}

/**
 * Says nothing that the words beside it do not say.
 * @param {string} name
 */
export function icon(name) {
  const use = svg('use', { href: `icons.svg#${name}` });
  return svg('svg', { class: 'icon', 'aria-hidden': 'true', focusable: 'false' }, use);
}

/**
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/**
 * Leaves alone what says so already: a reader would hear it again.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {boolean} isShown
 */
export function show(element, isShown) {
  element.toggleAttribute('hidden', !isShown);
}

/**
 * Switched off it stays where the keyboard finds it; whoever listens asks `isOff`.
 * @param {Element} element
 * @param {boolean} off
 */
export function setOff(element, off) {
  if (off) element.setAttribute('aria-disabled', 'true');
  else element.removeAttribute('aria-disabled');
}

/** @param {Element} element */
export function isOff(element) {
  return element.getAttribute('aria-disabled') === 'true';
}

/**
 * The element of the page with this id, which index.html has.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * As many parts as there are items, each kept as long as its key is there: focus and open forms stay.
 * @template T
 * @param {Element} parent
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => Part<T>} create
 * @returns {{ update(items: readonly T[]): void }}
 */
export function partsIn(parent, keyOf, create) {
  /** @type {Map<string, Part<T>>} */
  const parts = new Map();
  return {
    update(items) {
      const keys = new Set(items.map(keyOf));
      for (const [key, { element }] of parts) {
        if (keys.has(key)) continue;
        element.remove();
        parts.delete(key);
      }
      items.forEach((item, at) => {
        const key = keyOf(item);
        const part = parts.get(key) ?? create(item);
        parts.set(key, part);
        if (parent.children[at] !== part.element) {
          parent.insertBefore(part.element, parent.children[at] ?? null);
        }
        part.update(item);
      });
    },
  };
}

/**
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    return [typeof child === 'number' ? String(child) : child];
  });
}
