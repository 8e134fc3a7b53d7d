import {
  askClimate,
  askDestination,
  askFields,
  askNumber,
  askSchedule,
  askTrips,
  askWord,
  confirmed,
} from './command-forms.js';
import { commandName, deed, wordOf } from './command-words.js';
import { fill, h, icon, isOff, setOff, setText, show } from './dom.js';
import { isOver } from './lives.js';
import { statusWord } from './plain-words.js';

/** @typedef {import('../../vehicle/vehicle-info.js').VehicleInfo} VehicleInfo */
/** @typedef {import('../../vehicle/command-info.js').CommandInfo} CommandInfo */
/** @typedef {import('../../vehicle/state.js').StateDocument} StateDocument */
/** @typedef {import('./command-forms.js').Subject} Subject */
/** @typedef {import('./command-forms.js').Payload} Payload */
/** @typedef {import('./lives.js').Life} Life */
/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {{ name: string, value: string | undefined, button: HTMLButtonElement, mark: HTMLElement }} Placed */

/** How long an ending stays on its button. */
const done_ms = 8000;

/** @type {readonly (readonly [title: string, names: readonly string[]])[]} */
const groups = [
  ['Read', ['refresh', 'trips']],
  ['Lock', ['lock', 'valet_mode']],
  ['Climate', ['climate']],
  [
    'Charge',
    [
      'charge',
      'charge_limits',
      'charge_limit_ac',
      'charge_limit_dc',
      'charging_current',
      'charge_port',
      'v2l_limit',
      'schedule',
    ],
  ],
  ['Windows', ['windows']],
  ['Find and send', ['lights', 'horn', 'navigation']],
  [
    'Next start',
    [
      'climate_temperature',
      'climate_duration',
      'climate_defrost',
      'climate_seat_front_left',
      'climate_seat_front_right',
      'climate_seat_rear_left',
      'climate_seat_rear_right',
    ],
  ],
];
const atOnce = ['refresh', 'lock', 'climate', 'charge'];
const wordsInForm = ['charging_current', 'climate_defrost'];

/** @type {Readonly<Record<string, string>>} */
const icons = {
  refresh: 'refresh',
  trips: 'road',
  lock: 'lock',
  'lock:unlock': 'unlock',
  climate: 'fan',
  charge: 'bolt',
  charge_limits: 'battery',
  charging_current: 'bolt',
  charge_port: 'plug',
  v2l_limit: 'plug',
  schedule: 'calendar',
  windows: 'window',
  lights: 'light',
  horn: 'horn',
  valet_mode: 'key',
  navigation: 'pin',
};

/** The buttons of a car: exactly what it offers and the configuration allows. */
export class CommandPanel {
  element = h('div', { class: 'commands' });
  /** @type {Placed[]} */
  #placed = [];
  /** @type {Desk} */
  #desk;
  /** @type {string} */
  #vehicle;
  /** @type {string} */
  #drawn = '';
  /** @type {StateDocument | null} */
  #state = null;
  #title = '';

  /** @param {Desk} desk @param {string} vehicle */
  constructor(desk, vehicle) {
    this.#desk = desk;
    this.#vehicle = vehicle;
  }

  /**
   * @param {VehicleInfo} info
   * @param {StateDocument | null} state
   * @param {string} title
   */
  update(info, state, title) {
    this.#state = state;
    this.#title = title;
    const isReadOnly = this.#desk.access !== 'full';
    const drawn = JSON.stringify([info.commands, isReadOnly]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      if (isReadOnly) fill(this.element);
      else this.#draw(info);
    }
    this.refresh();
  }

  /** What the buttons say, and whether they can be used. */
  refresh() {
    for (const placed of this.#placed) this.#mark(placed);
  }

  /** @param {VehicleInfo} info */
  #draw({ commands }) {
    this.#placed = [];
    /** @type {HTMLElement[]} */
    const first = [];
    /** @type {HTMLElement[]} */
    const rest = [];
    for (const [title, names] of groups) {
      const shown = names.filter((name) => isShown(name, commands));
      const now = shown.filter((name) => atOnce.includes(name));
      const later = shown.filter((name) => !atOnce.includes(name));
      first.push(...this.#group(title, now, commands));
      rest.push(...this.#group(title, later, commands));
    }
    const isOpen = this.element.querySelector('details')?.open ?? false;
    fill(
      this.element,
      h('div', { class: 'buttons' }, ...first),
      rest.length > 0 &&
        h(
          'details',
          { open: isOpen },
          h('summary', {}, 'More commands'),
          h('div', { class: 'buttons' }, ...rest),
        ),
    );
  }

  /**
   * @param {string} title
   * @param {readonly string[]} names
   * @param {VehicleInfo['commands']} commands
   * @returns {HTMLElement[]}
   */
  #group(title, names, commands) {
    if (names.length === 0) return [];
    const buttons = names.flatMap((name) => {
      const info = commands[name];
      return info === undefined ? [] : this.#buttonsOf(name, info);
    });
    return [
      h('div', { class: 'group', role: 'group', 'aria-label': `${title}: commands` }, ...buttons),
    ];
  }

  /**
   * @param {string} name
   * @param {CommandInfo} info
   * @returns {HTMLButtonElement[]}
   */
  #buttonsOf(name, info) {
    const { values, fields } = info;
    /** @type {(label: string, form: (subject: Subject) => Payload) => HTMLButtonElement} */
    const withForm = (label, form) =>
      this.#button(name, undefined, `${label}\u00a0…`, () => form(this.#subject(name, info)));
    if (name === 'trips') return [withForm('Trips', askTrips)];
    if (name === 'schedule') return [withForm('Schedule', askSchedule)];
    if (name === 'navigation') return [withForm('Destination', askDestination)];
    if (values === undefined && fields !== undefined)
      return [withForm(commandName(name), askFields)];
    if (values === undefined) return [withForm(commandName(name), askNumber)];
    if (wordsInForm.includes(name) || name.startsWith('climate_seat_')) {
      return [withForm(commandName(name), askWord)];
    }
    const buttons = values.map((value) => this.#valueButton(name, String(value), info));
    if (name === 'windows' && fields !== undefined) {
      buttons.push(withForm('Each window', askFields));
    }
    return buttons;
  }

  /**
   * @param {string} name
   * @param {CommandInfo} info
   * @returns {Subject}
   */
  #subject(name, info) {
    return { title: this.#title, name, info, state: this.#state };
  }

  /**
   * @param {string} name
   * @param {string} value
   * @param {CommandInfo} info
   */
  #valueButton(name, value, info) {
    const hasForm = name === 'climate' && value === 'start' && info.fields !== undefined;
    const label = deed(name, value);
    return this.#button(name, value, hasForm ? `${label}\u00a0…` : label, async () => {
      if (hasForm) return askClimate(this.#subject(name, info));
      return (await confirmed(this.#title, name, value)) ? { value } : undefined;
    });
  }

  /**
   * @param {string} name
   * @param {string | undefined} value
   * @param {string} label
   * @param {() => Payload} payloadOf
   */
  #button(name, value, label, payloadOf) {
    const mark = h('span', { class: 'mark', hidden: true });
    const picture = icons[`${name}:${value}`] ?? icons[name] ?? 'clock';
    const button = h(
      'button',
      { type: 'button', class: 'command', 'data-command': name, 'data-value': value },
      h('span', { class: 'words' }, icon(picture), label),
      mark,
    );
    button.addEventListener('click', () => {
      if (!isOff(button)) void this.#press(name, payloadOf);
    });
    this.#placed.push({ name, value, button, mark });
    return button;
  }

  /**
   * @param {string} name
   * @param {() => Payload} payloadOf
   */
  async #press(name, payloadOf) {
    const payload = await payloadOf();
    if (payload === undefined || !this.#desk.canAct) return;
    await this.#desk.commander.send({ vehicle: this.#vehicle, name, payload });
  }

  /** @param {Placed} placed */
  #mark({ name, value, button, mark }) {
    const life = this.#desk.lives.newest((one) => this.#isMeant(one, name, value));
    const isNew = life !== undefined && Date.now() - this.#desk.seenAt(life) < done_ms;
    const isTold = life !== undefined && (!isOver(life) || isNew);
    const isUnderWay = life !== undefined && !isOver(life);
    setText(mark, isTold ? markOf(life) : '');
    show(mark, isTold);
    if (isTold) button.setAttribute('data-status', life.status);
    else button.removeAttribute('data-status');
    setOff(button, isUnderWay || !this.#desk.canAct);
    button.setAttribute('aria-busy', String(isUnderWay));
  }

  /**
   * @param {Life} life
   * @param {string} name
   * @param {string | undefined} value
   */
  #isMeant(life, name, value) {
    if (life.vehicle !== this.#vehicle || life.command !== name) return false;
    const word = wordOf(life.value).split(':')[0];
    return value === undefined
      ? name !== 'windows' || word === ''
      : word?.toLowerCase() === value.toLowerCase();
  }
}

/**
 * Both limits in one form do for each of them alone, where both are there.
 * @param {string} name
 * @param {VehicleInfo['commands']} commands
 */
function isShown(name, commands) {
  if (commands[name]?.allowed !== true) return false;
  return !name.startsWith('charge_limit_') || commands['charge_limits']?.allowed !== true;
}

/** @param {Life} life */
function markOf({ status, event }) {
  if (status === 'sending') return 'Asking';
  if (status === 'unsent' || status === 'lost') return 'Not known';
  const { percent } = event;
  return status === 'progress' && percent !== undefined ? `${percent} %` : statusWord(status);
}
