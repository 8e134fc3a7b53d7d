import { ask, formOf } from './dialog.js';
import { fill, h, icon, isOff, partsIn, setOff, setText, show } from './dom.js';
import { budgetPart, BreakerPart } from './limits.js';
import { Outcome } from './outcome.js';
import { inPlainWords, reasonWords } from './plain-words.js';
import { fullTime, setTime, span, ticking, timeOfDay } from './time.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./bridge-document.js').BridgeDocument} BridgeDocument */
/** @typedef {import('./limits.js').NamedBreaker} NamedBreaker */
/** @typedef {import('./limits.js').NamedBudget} NamedBudget */
/** @typedef {{ label: string, text: string, tone?: string }} Figure */

/** The bridge itself: how it stands, and what a person can change of that. */
export class BridgePanel {
  /** @type {Desk} */
  #desk;
  #list = h('dl', { class: 'figures' });
  #figures = partsIn(this.#list, (/** @type {Figure} */ { label }) => label, figurePart);
  #breakerList = h('ul', { class: 'breakers' });
  #breakers;
  #budgetList = h('ul', { class: 'budgets' });
  #budgets = partsIn(this.#budgetList, (/** @type {NamedBudget} */ { name }) => name, budgetPart);
  #polls = h('p', { class: 'polls' });
  #trouble = h('div', { class: 'trouble' });
  #outcome;
  #switch = h('button', { type: 'button' });
  #buttons = h('div', { class: 'answers' });
  /** @type {BridgeDocument | undefined} */
  #document;

  /** @param {Element} section @param {Desk} desk */
  constructor(section, desk) {
    this.#desk = desk;
    this.#outcome = new Outcome(desk, null);
    this.#breakers = partsIn(
      this.#breakerList,
      (/** @type {NamedBreaker} */ { account, callClass }) => `${account}/${callClass}`,
      () => new BreakerPart(desk),
    );
    this.#switch.addEventListener('click', () => {
      const value = this.#document?.polling.enabled === true ? 'off' : 'on';
      if (!isOff(this.#switch)) void this.#send('polling', { value });
    });
    this.#buttons.append(
      this.#switch,
      this.#button('Poll interval …', () => this.#askInterval()),
      this.#button('Refresh all cars', () => this.#send('refresh_all', { value: 'cached' })),
      this.#button('Clear the queue …', () => this.#askClear()),
      this.#button('Announce anew', () => this.#send('announce', {})),
    );
    section.append(
      this.#trouble,
      this.#list,
      h('h3', {}, 'Breakers'),
      this.#breakerList,
      h('h3', {}, 'Budget of requests'),
      this.#budgetList,
      h('h3', {}, 'Polls'),
      this.#polls,
      this.#buttons,
      this.#outcome.element,
    );
  }

  /** @param {BridgeDocument} document */
  update(document) {
    this.#document = document;
    const { breakers, budget, polling } = document;
    this.#figures.update(figuresOf(document));
    this.#breakers.update(
      Object.entries(breakers).flatMap(([account, classes]) =>
        Object.entries(classes).map(([callClass, breaker]) => ({ account, callClass, breaker })),
      ),
    );
    this.#budgets.update(Object.entries(budget).map(([name, one]) => ({ name, budget: one })));
    setText(this.#polls, pollWords(polling, this.#desk));
    setText(this.#switch, polling.enabled ? 'Switch polls off' : 'Switch polls on');
    this.#tellTrouble(document.last_error);
    this.refresh();
  }

  refresh() {
    show(this.#buttons, this.#desk.access === 'full');
    for (const button of this.#buttons.children) setOff(button, !this.#desk.canAct);
    for (const button of this.#breakerList.querySelectorAll('button')) {
      setOff(button, !this.#desk.canAct);
    }
    this.#outcome.refresh();
  }

  /** @param {BridgeDocument['last_error']} error */
  #tellTrouble(error) {
    show(this.#trouble, error !== null);
    if (error === null) return;
    const { what, toDo, detail } = inPlainWords(error);
    const age = ticking('age');
    setTime(age, error.at);
    fill(
      this.#trouble,
      h('p', { class: 'title' }, icon('warning'), h('strong', {}, `Last error: ${what}`), ' ', age),
      h('p', {}, toDo),
      h('p', { class: 'detail' }, detail),
    );
  }

  /** @param {string} label @param {() => Promise<unknown>} press */
  #button(label, press) {
    const button = h('button', { type: 'button' }, label);
    button.addEventListener('click', () => {
      if (!isOff(button)) void press();
    });
    return button;
  }

  /** @param {string} name @param {Record<string, unknown>} payload */
  async #send(name, payload) {
    if (this.#desk.canAct) await this.#desk.commander.send({ vehicle: null, name, payload });
  }

  async #askClear() {
    const isMeant = await ask({
      title: 'Clear the queue?',
      text: 'Every command that waits ends as cancelled, those of automations too. Jobs stay.',
      yes: 'Clear the queue',
      isGrave: true,
    });
    if (isMeant) await this.#send('clear_queue', {});
  }

  async #askInterval() {
    const form = formOf([
      {
        ...{
          name: 'value',
          label: 'Every',
          type: 'number',
          min: 5,
          max: 1440,
          step: 1,
          unit: 'min',
        },
        ...{ isRequired: true, value: this.#document?.polling.interval_min },
      },
    ]);
    const question = { title: 'Poll interval', yes: 'Set', fields: form.elements };
    if (await ask(question)) await this.#send('poll_interval', Object.fromEntries(form.read()));
  }
}

/**
 * @param {BridgeDocument} document
 * @returns {Figure[]}
 */
function figuresOf({ mqtt, queue, pool, event_loop, version, started_at, log_level }) {
  const { depth, running, oldest_ms } = queue;
  const oldest = oldest_ms === null ? '' : `, oldest ${span(oldest_ms)}`;
  const { threads, busy, waiting, processes } = pool;
  const isConnected = mqtt.version !== null;
  const broker = isConnected
    ? `Connected, MQTT ${mqtt.version === 4 ? '3.1.1' : mqtt.version}`
    : 'Not connected';
  const again = mqtt.reconnects === 0 ? '' : `, ${mqtt.reconnects} reconnects`;
  return [
    { label: 'Broker', text: broker + again, ...(isConnected ? {} : { tone: 'warn' }) },
    { label: 'Queue', text: `${depth} waiting, ${running} running${oldest}` },
    {
      label: 'Workers',
      text: `${busy} of ${threads} threads busy${waiting === 0 ? '' : `, ${waiting} waiting`}, ${processes} processes`,
    },
    {
      label: 'Event loop',
      text: `99 % within ${event_loop.p99_ms} ms, longest ${event_loop.max_ms} ms`,
    },
    { label: 'Started', text: fullTime(started_at) },
    { label: 'Version', text: `${version}, logs ${log_level}` },
  ];
}

/** @param {BridgeDocument['polling']} polling @param {Desk} desk */
function pollWords({ enabled, interval_min, next_poll_at, vehicles }, desk) {
  if (!enabled) return 'Off: cars are read only when somebody asks.';
  const next = next_poll_at === null ? '' : ` The next is at ${timeOfDay(next_poll_at)}.`;
  const held = Object.entries(vehicles ?? {})
    .filter(([, { held_by }]) => held_by !== null)
    .map(([name, { held_by }]) => ` ${desk.nameOf(name)} waits: ${reasonWords(held_by)}.`);
  return `On, every ${interval_min} min or less often.${next}${held.join('')}`;
}

/** @param {Figure} figure */
function figurePart({ label }) {
  const value = h('dd');
  const element = h('div', {}, h('dt', {}, label), value);
  return {
    element,
    /** @param {Figure} figure */
    update({ text, tone = '' }) {
      setText(value, text);
      element.className = tone;
    },
  };
}
