import { fill, h, icon } from './dom.js';

let count = 0;

/** @param {string} prefix */
export function freshId(prefix) {
  return `${prefix}-${(count += 1)}`;
}

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} [text]
 * @property {string} yes what the button says that does it
 * @property {boolean} [isGrave]
 * @property {readonly Node[]} [fields]
 */

/**
 * Asks once. Resolves with whether it shall be done; `valid` may keep it open.
 * @param {Question} question
 * @param {() => boolean} [valid]
 * @returns {Promise<boolean>}
 */
export function ask({ title, text, yes, isGrave = false, fields = [] }, valid = () => true) {
  const titleId = freshId('question');
  const no = h('button', { type: 'button', click: () => dialog.close() }, 'Cancel');
  const go = h('button', { type: 'submit', class: isGrave ? 'grave' : 'primary' }, yes);
  const form = h(
    'form',
    { method: 'dialog', class: 'question' },
    h('h2', { id: titleId }, isGrave && icon('warning'), title),
    text !== undefined && h('p', {}, text),
    ...fields,
    h('div', { class: 'answers' }, no, go),
  );
  let isMeant = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!valid()) return;
    isMeant = true;
    dialog.close();
  });
  const dialog = h('dialog', { 'aria-labelledby': titleId }, form);
  document.body.append(dialog);
  dialog.showModal();
  // Enter does nothing that was not read.
  if (fields.length === 0) no.focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(isMeant);
    });
  });
}

/**
 * A field of a form.
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {'number' | 'select' | 'text' | 'time' | 'month' | 'days'} type
 * @property {number} [min]
 * @property {number} [max]
 * @property {number | 'any'} [step]
 * @property {string} [unit]
 * @property {readonly unknown[]} [options] of `select`; '' leaves it as it is
 * @property {(option: unknown) => string} [optionName]
 * @property {unknown} [value]
 * @property {boolean} [isRequired]
 * @property {string} [hint]
 */

/**
 * The fields as the page shows them, and what was entered: by name, only what is not empty.
 * @param {readonly Field[]} fields
 */
export function formOf(fields) {
  const inputs = fields.map((field) => inputOf(field));
  return {
    elements: inputs.map(({ element }) => element),
    /** @returns {Map<string, unknown>} */
    read() {
      /** @type {Map<string, unknown>} */
      const entered = new Map();
      inputs.forEach(({ read }, at) => {
        const value = read();
        const name = fields[at]?.name;
        if (value !== undefined && name !== undefined) entered.set(name, value);
      });
      return entered;
    },
  };
}

/**
 * @param {Field} field
 * @returns {{ element: HTMLElement, read: () => unknown }}
 */
function inputOf(field) {
  if (field.type === 'select') return selectOf(field);
  if (field.type === 'days') return daysOf(field);
  const id = freshId('field');
  const { type, min, max, step, isRequired = false, value, hint } = field;
  const input = h('input', {
    ...{ id, type, min, max, required: isRequired, value: textOf(value) },
    step: type === 'number' ? (step ?? 'any') : undefined,
    autocomplete: 'off',
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
  });
  return {
    element: labelled(field, id, input),
    read() {
      if (input.value === '') return undefined;
      return type === 'number' ? input.valueAsNumber : input.value;
    },
  };
}

/** @param {Field} field */
function selectOf(field) {
  const id = freshId('field');
  const { options = [], optionName = String, value } = field;
  const chosen = h('select', { id });
  options.forEach((option, at) => {
    chosen.append(
      h('option', { value: String(at), selected: option === value }, optionName(option)),
    );
  });
  return {
    element: labelled(field, id, chosen),
    read() {
      const option = options[Number(chosen.value)];
      return option === '' ? undefined : option;
    },
  };
}

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** @param {Field} field */
function daysOf({ label, value }) {
  const chosen = Array.isArray(value) ? value : [];
  const boxes = days.map((day) =>
    h('input', { type: 'checkbox', value: day, checked: chosen.includes(day) }),
  );
  const element = h(
    'fieldset',
    { class: 'days' },
    h('legend', {}, label),
    ...boxes.map((box) =>
      h('label', {}, box, box.value.charAt(0).toUpperCase() + box.value.slice(1)),
    ),
  );
  return {
    element,
    read: () => boxes.filter((box) => box.checked).map((box) => box.value),
  };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {HTMLElement} input
 */
function labelled({ label, unit, hint }, id, input) {
  const line = h('div', { class: 'field' });
  fill(
    line,
    h('label', { for: id }, unit === undefined ? label : `${label} (${unit})`),
    input,
    hint !== undefined && h('small', { id: `${id}-hint` }, hint),
  );
  return line;
}

/** @param {unknown} value */
function textOf(value) {
  return value === null || value === undefined ? undefined : String(value);
}
