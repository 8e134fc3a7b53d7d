import { fill, h, icon, setText, show } from './dom.js';
import { span, timeOfDay, now } from './time.js';
import { kilometres } from './vehicle-facts.js';

/** @typedef {import('../../vehicle/state.js').StateDocument} StateDocument */

/** Battery and tank, as bars with their figures; range and charging in words. */
export class Energy {
  #battery = new Gauge('Battery', 'bolt');
  #fuel = new Gauge('Fuel', 'fuel');
  #range = h('p', { class: 'range' });
  #charging = h('p', { class: 'charging' });
  element = h(
    'div',
    { class: 'energy' },
    this.#range,
    this.#battery.element,
    this.#fuel.element,
    this.#charging,
  );

  /** @param {StateDocument | null} state */
  update(state) {
    const ev = state?.ev;
    const fuel = state?.fuel;
    const hasPlug = ev !== undefined && (ev.soc !== null || state?.drivetrain === 'ev');
    this.#battery.update(hasPlug, ev?.soc ?? null, {
      text: ev?.range_km == null || fuel?.level == null ? '' : kilometres(ev.range_km),
      mark: ev?.charging === true ? limitOf(ev) : null,
      isActive: ev?.charging === true,
    });
    this.#fuel.update(fuel !== undefined && fuel.level !== null, fuel?.level ?? null, {
      text: fuel?.range_km == null || !hasPlug ? '' : kilometres(fuel.range_km),
      mark: null,
      isActive: false,
    });
    const range_km = state?.range_km ?? null;
    fill(
      this.#range,
      h('strong', {}, range_km === null ? '–' : kilometres(range_km)),
      range_km === null ? ' range not known' : ' range',
    );
    setText(this.#charging, ev === undefined ? '' : chargingWords(ev));
    show(this.#charging, this.#charging.textContent !== '');
  }
}

/** @param {StateDocument['ev']} ev */
function limitOf({ plug_type, limit_ac, limit_dc }) {
  return plug_type === 'dc' ? limit_dc : limit_ac;
}

/** @param {StateDocument['ev']} ev */
function chargingWords(ev) {
  const { charging, charge_power_kw, finish_at, charge_state, plugged } = ev;
  if (charging === true) {
    const limit = limitOf(ev);
    const power = charge_power_kw === null ? '' : ` at ${charge_power_kw} kW`;
    const until = finish_at === null ? '' : ` until ${timeOfDay(finish_at)}`;
    const left = finish_at === null ? '' : ` (${span(Date.parse(finish_at) - now())})`;
    return `Charging${power}${limit === null ? '' : ` to ${limit} %`}${until}${left}`;
  }
  if (charge_state === 'error') return 'Charging has failed';
  if (charge_state === 'complete') return 'Charged, still plugged in';
  if (charge_state === 'scheduled') return 'Plugged in, waits for its schedule';
  if (plugged === true) return 'Plugged in, not charging';
  return plugged === false ? 'Not plugged in' : '';
}

/** @typedef {{ text: string, mark: number | null, isActive: boolean }} Shown */

class Gauge {
  #figure = h('span', { class: 'figure' });
  #more = h('span', { class: 'more' });
  #level = h('span', { class: 'level' });
  #mark = h('span', { class: 'limit' });
  #bar;
  element;

  /** @param {string} label @param {string} picture */
  constructor(label, picture) {
    this.#bar = h(
      'div',
      {
        class: 'bar',
        role: 'meter',
        'aria-label': label,
        'aria-valuemin': 0,
        'aria-valuemax': 100,
      },
      this.#level,
      this.#mark,
    );
    const name = h('span', { class: 'name' }, icon(picture), label);
    this.element = h(
      'div',
      { class: 'gauge' },
      h('div', { class: 'line' }, name, this.#figure, this.#more),
      this.#bar,
    );
  }

  /**
   * @param {boolean} isThere
   * @param {number | null} percent
   * @param {Shown} shown
   */
  update(isThere, percent, { text, mark, isActive }) {
    show(this.element, isThere);
    const said = percent === null ? 'not known' : `${Math.round(percent)} %`;
    setText(this.#figure, said);
    setText(this.#more, text);
    this.#bar.setAttribute('aria-valuenow', String(percent ?? 0));
    this.#bar.setAttribute('aria-valuetext', said);
    this.#bar.classList.toggle('low', percent !== null && percent < 20);
    this.#bar.classList.toggle('active', isActive);
    this.#level.style.setProperty('width', `${percent ?? 0}%`);
    show(this.#mark, mark !== null);
    this.#mark.style.setProperty('left', `${mark ?? 0}%`);
  }
}
