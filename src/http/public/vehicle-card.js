import { CarShape } from './car-shape.js';
import { CommandPanel } from './command-panel.js';
import { freshId } from './dialog.js';
import { fill, h, icon, partsIn, setText, show } from './dom.js';
import { Energy } from './energy.js';
import { Outcome } from './outcome.js';
import { setTime, ticking } from './time.js';
import { factsOf } from './vehicle-facts.js';

/** @typedef {import('../bridge-api.js').VehicleDocuments} VehicleDocuments */
/** @typedef {import('./vehicle-facts.js').Fact} Fact */
/** @typedef {import('./desk.js').Desk} Desk */

/** @type {Readonly<Record<string, string>>} */
const drivetrains = {
  ev: 'electric',
  phev: 'plug-in hybrid',
  hev: 'hybrid',
  ice: 'with an engine',
};

/** A car: what is known of it, how old that is, and what can be asked of it. */
export class VehicleCard {
  #title = h('h3', { id: freshId('car') });
  #about = h('p', { class: 'about' });
  #chip = h('p', { class: 'chip' });
  #energy = new Energy();
  #shape = new CarShape();
  #list = h('ul', { class: 'facts' });
  #facts = partsIn(this.#list, (/** @type {Fact} */ { label }) => label, factPart);
  #reported = ticking('age');
  #polled = ticking('age');
  #stale = h('span', { class: 'stale' }, icon('warning'), 'Old values');
  #source = h('span');
  #never = h('p', { class: 'note' }, 'Nothing is known yet: this car has not been read.');
  #report;
  #panel;
  #outcome;
  element;

  /** @param {Desk} desk @param {string} vehicle */
  constructor(desk, vehicle) {
    this.#panel = new CommandPanel(desk, vehicle);
    this.#outcome = new Outcome(desk, vehicle);
    this.#report = h(
      'p',
      { class: 'report' },
      h('span', {}, 'Car reported ', this.#reported),
      h('span', {}, 'read ', this.#polled, ' ', this.#source),
      this.#stale,
    );
    this.element = h(
      'article',
      { class: 'car', 'data-vehicle': vehicle, 'aria-labelledby': this.#title.id },
      h('header', {}, h('div', {}, this.#title, this.#about), this.#chip),
      h('div', { class: 'top-half' }, this.#energy.element, this.#shape.element),
      this.#list,
      this.#never,
      this.#report,
      this.#outcome.element,
      this.#panel.element,
    );
  }

  /** @param {VehicleDocuments} documents */
  update({ vehicle, available, info, state }) {
    const { model, year, brand, drivetrain } = info;
    const title = titleOf(vehicle, info);
    setText(this.#title, title);
    const kind = drivetrains[drivetrain ?? ''];
    const about = [capital(brand), model === title ? null : model, year, kind, vehicle];
    setText(this.#about, about.filter((part) => part !== null && part !== undefined).join(' · '));
    fill(
      this.#chip,
      icon(available ? 'check' : 'offline'),
      available ? 'Available' : 'Not available',
    );
    this.#chip.className = `chip ${available ? 'good' : 'bad'}`;
    this.element.classList.toggle('is-stale', state?.stale === true);
    this.#energy.update(state);
    this.#shape.update(state);
    this.#facts.update(state === null ? [] : factsOf(state));
    show(this.#never, state === null);
    show(this.#report, state !== null);
    setTime(this.#reported, state?.reported_at ?? null);
    setTime(this.#polled, state?.polled_at ?? null);
    setText(this.#source, state?.source === 'force' ? 'from the car' : 'from the cloud');
    show(this.#stale, state?.stale === true);
    this.#panel.update(info, state, title);
    this.#outcome.refresh();
  }

  /** Commands have gone on, or time has. */
  refresh() {
    this.#panel.refresh();
    this.#outcome.refresh();
  }
}

/**
 * What a person calls the car: its name, unless that is only its topic.
 * @param {string} vehicle
 * @param {Pick<VehicleDocuments['info'], 'name' | 'model'>} info
 */
export function titleOf(vehicle, { name, model }) {
  return name === null || name === vehicle ? (model ?? vehicle) : name;
}

/** @param {string | null} text */
function capital(text) {
  return text === null ? null : text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {Fact} fact */
function factPart({ label }) {
  const value = h('span', { class: 'value' });
  const picture = h('span', { class: 'picture' });
  const element = h('li', {}, picture, h('span', { class: 'label' }, label), value);
  let shown = '';
  return {
    element,
    /** @param {Fact} fact */
    update(fact) {
      if (JSON.stringify(fact) === shown) return;
      shown = JSON.stringify(fact);
      const { icon: name, text, tone, href } = fact;
      element.className = tone ?? '';
      fill(picture, icon(tone === 'warn' ? 'warning' : name));
      if (href === undefined) fill(value, text);
      else {
        const link = { href, target: '_blank', rel: 'noreferrer noopener' };
        fill(
          value,
          h('a', link, text, h('span', { class: 'unseen' }, ' on OpenStreetMap, in a new tab')),
        );
      }
    },
  };
}
