import { Unreachable } from './api.js';
import { deed, literally } from './command-words.js';
import { formOf } from './dialog.js';
import { fill, h, isOff, partsIn, setOff, setText, show } from './dom.js';
import { inPlainWords, statusWord, stepWords } from './plain-words.js';
import { fullTime, now, span, timeOfDay } from './time.js';

/** @typedef {import('../../vehicle/audit-entry.js').AuditEntry} AuditEntry */
/** @typedef {import('./desk.js').Desk} Desk */

const pageSize = 25;
/** Steps come in quick succession: the list follows them once. */
const pause_ms = 1200;

const statuses = [
  'accepted',
  'running',
  'confirming',
  'progress',
  'succeeded',
  'failed',
  'rejected',
  'expired',
  'superseded',
  'cancelled',
];
const spans = [
  ['1 hour', 3_600_000],
  ['24 hours', 86_400_000],
  ['7 days', 604_800_000],
  ['30 days', 2_592_000_000],
];

/** Who asked for what, and what became of it: newest first, filtered, a page at a time. */
export class AuditLog {
  /** @type {Desk} */
  #desk;
  #cars = /** @type {string[]} */ ([]);
  #filterForm = h('form', { class: 'filters', 'aria-label': 'Filter the audit log' });
  #filters = formOf([]);
  #list = h('ul', { class: 'entries' });
  #parts;
  #none = h('p', { class: 'note' });
  #older = h('button', { type: 'button', hidden: true }, 'Older');
  /** @type {AuditEntry[]} */
  #entries = [];
  /** @type {string | null} */
  #cursor = null;
  #timer = 0;
  /** Answers that come late do not replace newer ones. */
  #asked = 0;

  /** @param {Element} section @param {Desk} desk */
  constructor(section, desk) {
    this.#desk = desk;
    this.#parts = partsIn(
      this.#list,
      (/** @type {AuditEntry} */ { key }) => key,
      () => new EntryPart(desk),
    );
    this.#filterForm.addEventListener('change', () => void this.load());
    this.#filterForm.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.load();
    });
    this.#older.addEventListener('click', () => {
      if (!isOff(this.#older)) void this.#more();
    });
    section.append(this.#filterForm, this.#none, this.#list, this.#older);
    this.cars([]);
  }

  /** @param {readonly string[]} vehicles */
  cars(vehicles) {
    if (this.#filterForm.childElementCount > 0 && vehicles.join() === this.#cars.join()) return;
    this.#cars = [...vehicles];
    this.#filters = formOf([
      {
        ...{ name: 'vehicle', label: 'Car', type: 'select', options: ['', ...vehicles, 'bridge'] },
        optionName: (one) =>
          one === '' ? 'All' : this.#desk.nameOf(one === 'bridge' ? null : String(one)),
        value: '',
      },
      {
        ...{
          name: 'status',
          label: 'Status',
          type: 'select',
          options: ['', ...statuses],
          value: '',
        },
        optionName: (one) => (one === '' ? 'Any' : statusWord(String(one))),
      },
      {
        ...{ name: 'since', label: 'Of the last', type: 'select', value: '' },
        options: ['', ...spans.map(([, span_ms]) => span_ms)],
        optionName: (one) =>
          String(spans.find(([, span_ms]) => span_ms === one)?.[0] ?? 'Any time'),
      },
      { name: 'id', label: 'Id', type: 'text' },
    ]);
    fill(this.#filterForm, ...this.#filters.elements, h('button', { type: 'submit' }, 'Show'));
  }

  /** Something has happened that the first page would show. */
  changed() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      // Who looks at older pages is not thrown off them.
      if (this.#entries.length <= pageSize) void this.load();
    }, pause_ms);
  }

  async load() {
    const page = await this.#page(null);
    if (page !== undefined) this.#show(page.commands, page.cursor);
  }

  async #more() {
    setOff(this.#older, true);
    const page = await this.#page(this.#cursor);
    setOff(this.#older, false);
    if (page !== undefined) this.#show([...this.#entries, ...page.commands], page.cursor);
  }

  /**
   * @param {string | null} cursor
   * @returns {Promise<{ commands: AuditEntry[], cursor: string | null } | undefined>}
   */
  async #page(cursor) {
    const query = new URLSearchParams({ limit: String(pageSize) });
    for (const [name, value] of this.#filters.read()) {
      const text = String(value).trim();
      if (text === '') continue;
      query.set(name, name === 'since' ? new Date(now() - Number(value)).toISOString() : text);
    }
    if (cursor !== null) query.set('cursor', cursor);
    const asked = (this.#asked += 1);
    try {
      const { ok, body } = await this.#desk.api.get(`commands?${query.toString()}`);
      if (asked !== this.#asked) return undefined;
      if (ok) return body;
      setText(this.#none, `${inPlainWords(body).what}: ${body.message}`);
      show(this.#none, true);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
    }
    return undefined;
  }

  /** @param {AuditEntry[]} entries @param {string | null} cursor */
  #show(entries, cursor) {
    this.#entries = entries;
    this.#cursor = cursor;
    this.#parts.update(entries);
    setText(this.#none, 'Nothing fits.');
    show(this.#none, entries.length === 0);
    show(this.#older, cursor !== null);
  }
}

class EntryPart {
  #time = h('time');
  #what = h('strong');
  #chip = h('span', { class: 'chip' });
  #who = h('span', { class: 'who' });
  #why = h('span', { class: 'why' });
  #steps = h('ol', { class: 'steps' });
  #facts = h('dl', { class: 'figures' });
  #details = h(
    'details',
    {},
    h(
      'summary',
      {},
      h('span', { class: 'line' }, this.#time, this.#what, this.#chip),
      this.#who,
      this.#why,
    ),
    this.#facts,
    this.#steps,
  );
  #desk;
  #shown = '';
  element = h('li', { class: 'entry' }, this.#details);

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
  }

  /** @param {AuditEntry} entry */
  update(entry) {
    const { id, command, value, vehicle, status, received_at, code } = entry;
    const shown = JSON.stringify(entry);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.dataset['id'] = id;
    this.#time.dateTime = received_at;
    this.#time.title = fullTime(received_at);
    setText(this.#time, timeOfDay(received_at));
    setText(this.#what, deed(command, value));
    setText(this.#chip, statusWord(status));
    this.#chip.className = `chip ${toneOf(status)}`;
    setText(this.#who, `${this.#desk.nameOf(vehicle)}, ${whoOf(entry)}`);
    const why = status === 'failed' || status === 'rejected' ? inPlainWords(entry).what : '';
    setText(this.#why, why);
    show(this.#why, code !== undefined && why !== '');
    this.#draw(entry);
  }

  /** @param {AuditEntry} entry */
  #draw({ id, command, value, received_at, source, account, steps }) {
    const facts = [
      ['Command', literally(command, value)],
      ['Id', id],
      ['Asked', fullTime(received_at)],
      ['Account', account],
      ['Topic', source?.topic],
      ['Answered to', source?.response_topic],
      ['Client', source?.client],
    ];
    fill(
      this.#facts,
      ...facts
        .filter(([, text]) => text !== undefined && text !== null)
        .map(([label, text]) => h('div', {}, h('dt', {}, label), h('dd', {}, text))),
    );
    const start = Date.parse(received_at);
    fill(
      this.#steps,
      ...steps.map((step) => {
        const { detail } = inPlainWords(step);
        const later = `+${span(Date.parse(step.at) - start)}`;
        return h(
          'li',
          {},
          h('span', { class: 'later' }, later),
          h('strong', {}, statusWord(step.status)),
          h('span', {}, stepWords(/** @type {any} */ (step))),
          detail !== '' && h('span', { class: 'detail' }, detail),
        );
      }),
    );
  }
}

/** @param {string} status */
function toneOf(status) {
  if (status === 'succeeded') return 'good';
  return ['failed', 'rejected', 'expired'].includes(status) ? 'bad' : '';
}

/** @param {AuditEntry} entry */
function whoOf({ source }) {
  if (source === null) return 'not kept who asked';
  if (source.via === 'http') return 'over HTTP';
  return `over MQTT${source.client === undefined ? '' : ` by ${source.client}`}`;
}
