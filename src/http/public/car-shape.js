import { svg } from './dom.js';

/** @typedef {import('../../vehicle/state.js').StateDocument} StateDocument */

const body =
  'M14 55c0-22 10-33 34-36l24-3h104c32 0 46 9 49 39-3 30-17 39-49 39H72l-24-3C24 88 14 77 14 55z';
/** The car from above, its front to the left. Each part in the place where it is. */
const glass = {
  front: 'M78 29c-6 17-6 35 0 52l21-7c-3-12-3-26 0-38z',
  rear: 'M194 32c6 15 6 31 0 46l-18-6c3-11 3-23 0-34z',
};
const windows = {
  front_right: 'M88 25l49-1v7h-35z',
  rear_right: 'M142 24h46l-10 8h-36z',
  front_left: 'M88 85l49 1v-7h-35z',
  rear_left: 'M142 86h46l-10-8h-36z',
};
const wings = {
  front_right: 'M88 15l40-17 4 5-39 15z',
  rear_right: 'M138 14l40-17 4 5-39 15z',
  front_left: 'M88 95l40 17 4-5-39-15z',
  rear_left: 'M138 96l40 17 4-5-39-15z',
};
const lids = {
  hood: 'M20 55c0-17 8-26 30-29l22-3c-7 21-7 43 0 64l-22-3c-22-3-30-12-30-29z',
  trunk: 'M200 29c14 4 19 12 20 26-1 14-6 22-20 26 6-17 6-35 0-52z',
};

/** A picture of what the facts beside it say in words. */
export class CarShape {
  /** @type {Map<string, SVGElement>} */
  #parts = new Map();
  element;

  constructor() {
    this.element = svg(
      'svg',
      { class: 'shape', viewBox: '0 -6 240 122', 'aria-hidden': 'true', focusable: 'false' },
      ...this.#all('wing', wings),
      svg('path', { class: 'body', d: body }),
      ...this.#all('lid', lids),
      ...Object.values(glass).map((d) => svg('path', { class: 'glass', d })),
      svg('path', { class: 'roof', d: 'M104 36c-3 12-3 26 0 38h66c3-12 3-26 0-38z' }),
      ...this.#all('window', windows),
      ...this.#all('lamp', {
        left: 'M22 80c3 5 8 8 15 9l2-5c-6-1-10-3-13-7z',
        right: 'M22 30c3-5 8-8 15-9l2 5c-6 1-10 3-13 7z',
      }),
      this.#part('plug', 'M216 12h8v-6M206 12h10v4a5 5 0 0 1-10 0zM211 21v6'),
      this.#part('padlock', 'M130 53h14v11h-14zM133 53v-3a4 4 0 0 1 8 0v3'),
    );
  }

  /** @param {StateDocument | null} state */
  update(state) {
    if (state === null) return;
    const { doors, windows: panes, lock, ev, climate } = state;
    for (const name of /** @type {const} */ ([
      'front_left',
      'front_right',
      'rear_left',
      'rear_right',
    ])) {
      this.#say(`wing ${name}`, doors[name] === true);
      this.#say(`window ${name}`, panes[name] === true);
    }
    this.#say('lid hood', doors.hood === true);
    this.#say('lid trunk', doors.trunk === true);
    this.#say('plug', ev.plugged === true);
    this.#say('padlock', lock.state === 'locked');
    this.element.classList.toggle('charging', ev.charging === true);
    this.element.classList.toggle('climate', climate.mode === 'auto');
  }

  /** @param {string} kind @param {Readonly<Record<string, string>>} shapes */
  #all(kind, shapes) {
    return Object.entries(shapes).map(([name, d]) => this.#part(`${kind} ${name}`, d));
  }

  /** @param {string} name @param {string} d */
  #part(name, d) {
    const part = svg('path', { class: name, d });
    this.#parts.set(name, part);
    return part;
  }

  /** @param {string} name @param {boolean} isSo */
  #say(name, isSo) {
    this.#parts.get(name)?.classList.toggle('is', isSo);
  }
}
