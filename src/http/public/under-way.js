import { deed } from './command-words.js';
import { h, isOff, partsIn, setOff, setText, show } from './dom.js';
import { inPlainWords, reasonWords, statusWord, stepWords } from './plain-words.js';
import { setTime, ticking } from './time.js';

/** @typedef {import('../../dispatch/job-progress.js').JobDocument} JobDocument */
/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./lives.js').Life} Life */

/**
 * A command or a job that is not over.
 * @typedef {object} Work
 * @property {string} id
 * @property {string} title
 * @property {string} status
 * @property {string} words
 * @property {string | null} since
 * @property {{ done: number, total: number, percent: number } | null} progress
 * @property {boolean} canCancel
 */

/** What has not started yet, and jobs, can be cancelled. */
const jobs = ['trips', 'refresh_all'];

/** The commands of all cars and of the bridge that are under way, whoever asked for them. */
export class UnderWay {
  /** @type {Desk} */
  #desk;
  #list = h('ul', { class: 'works' });
  #none = h('p', { class: 'note' }, 'Nothing is under way.');
  #parts;

  /** @param {Element} section @param {Desk} desk */
  constructor(section, desk) {
    this.#desk = desk;
    section.append(this.#none, this.#list);
    this.#parts = partsIn(
      this.#list,
      (/** @type {Work} */ { id }) => id,
      (work) => new WorkPart(work, desk),
    );
  }

  /** @param {readonly JobDocument[]} documents the jobs that the bridge names */
  update(documents) {
    const lives = this.#desk.lives.open.filter(({ command }) => command !== 'cancel');
    const known = new Set(lives.map(({ id }) => id));
    const works = [
      ...lives.map((life) =>
        workOf(
          life,
          documents.find(({ id }) => id === life.id),
          this.#desk,
        ),
      ),
      ...documents.filter(({ id }) => !known.has(id)).map((job) => workOfJob(job, this.#desk)),
    ];
    this.#parts.update(works);
    show(this.#none, works.length === 0);
  }
}

class WorkPart {
  #title = h('strong');
  #status = h('span', { class: 'chip' });
  #words = h('p', { class: 'words' });
  #age = ticking('age');
  #progress = h('progress', { max: 100 });
  #figure = h('span', { class: 'figure' });
  #cancel = h('button', { type: 'button', class: 'quiet' }, 'Cancel');
  #bar = h('div', { class: 'progress' }, this.#progress, this.#figure);
  element;

  /** @param {Work} work @param {Desk} desk */
  constructor({ id }, desk) {
    this.desk = desk;
    this.#cancel.addEventListener('click', async () => {
      if (isOff(this.#cancel)) return;
      setOff(this.#cancel, true);
      const refusal = await desk.commander.cancel(id);
      if (refusal !== undefined) setText(this.#words, `${inPlainWords(refusal).what}.`);
      setOff(this.#cancel, false);
    });
    this.element = h(
      'li',
      { class: 'work', 'data-id': id },
      h('div', { class: 'line' }, this.#title, this.#status, this.#cancel),
      this.#bar,
      this.#words,
      this.#age,
    );
  }

  /** @param {Work} work */
  update({ title, status, words, since, progress, canCancel }) {
    setText(this.#title, title);
    setText(this.#status, status);
    setText(this.#words, words);
    show(this.#age, since !== null);
    setTime(this.#age, since);
    show(this.#bar, progress !== null);
    this.#progress.value = progress?.percent ?? 0;
    this.#progress.setAttribute('aria-label', `${title}: progress`);
    setText(
      this.#figure,
      progress === null ? '' : `${progress.percent} % (${progress.done} of ${progress.total})`,
    );
    this.#cancel.setAttribute('aria-label', `Cancel ${title}`);
    show(this.#cancel, canCancel && this.desk.access === 'full');
    setOff(this.#cancel, !this.desk.canAct);
  }
}

/**
 * @param {Life} life
 * @param {JobDocument | undefined} job
 * @param {Desk} desk
 * @returns {Work}
 */
function workOf({ id, vehicle, command, value, status, since, event }, job, desk) {
  const { done, total, percent } = { ...job, ...event };
  const isKnown = done !== undefined && total !== undefined && percent !== undefined;
  const isJob = jobs.includes(command ?? '');
  const word =
    status === 'sending' ? 'Asking' : status === 'unsent' ? 'Not known' : statusWord(status);
  return {
    id,
    title: `${desk.nameOf(vehicle)}: ${deed(command, value)}`,
    status: isJob && event.phase === 'paused' ? 'Paused' : word,
    words: status === 'sending' || status === 'unsent' ? '' : stepWords({ ...event, status }),
    since,
    progress: isKnown ? { done, total, percent } : null,
    canCancel: isJob || status === 'accepted',
  };
}

/**
 * @param {JobDocument} job
 * @param {Desk} desk
 * @returns {Work}
 */
function workOfJob({ id, vehicle, command, phase, done, total, percent, reason }, desk) {
  return {
    id,
    title: `${desk.nameOf(vehicle)}: ${deed(command, undefined)}`,
    status: phase === 'paused' ? 'Paused' : 'Running',
    words: reason === null ? '' : `Because ${reasonWords(reason)}.`,
    since: null,
    progress: { done, total, percent },
    canCancel: true,
  };
}
