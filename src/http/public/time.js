import { h, setText } from './dom.js';

/** How far the bridge's clock is ahead of this one: ages are told by the clock that wrote the times. */
let ahead_ms = 0;

/** @param {string | null} date the header of an answer, to the second */
export function setServerDate(date) {
  const difference_ms = Date.parse(date ?? '') - Date.now();
  // Less than that is the way here and the rounding.
  ahead_ms = Math.abs(difference_ms) > 5000 ? difference_ms : 0;
}

/** Epoch milliseconds by the bridge's clock. */
export function now() {
  return Date.now() + ahead_ms;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * In the two largest units: `2 h 5 min`.
 * @param {number} span_ms
 */
export function span(span_ms) {
  const rest = Math.max(0, Math.round(span_ms / second) * second);
  if (rest < minute) return `${rest / second} s`;
  if (rest < hour) return two(rest, minute, 'min', rest < 10 * minute ? second : 0, 's');
  if (rest < day) return two(rest, hour, 'h', minute, 'min');
  return two(rest, day, 'd', hour, 'h');
}

/**
 * @param {number} rest
 * @param {number} unit
 * @param {string} name
 * @param {number} smaller
 * @param {string} smallerName
 */
function two(rest, unit, name, smaller, smallerName) {
  const large = `${Math.floor(rest / unit)} ${name}`;
  const small = smaller === 0 ? 0 : Math.floor((rest % unit) / smaller);
  return small === 0 ? large : `${large} ${small} ${smallerName}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const short = new Intl.DateTimeFormat(undefined, {
  day: '2-digit',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/**
 * The time of the day; with the date where it is another day.
 * @param {string} iso
 */
export function timeOfDay(iso) {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date(now()).toDateString();
  return (isToday ? clock : short).format(at);
}

/** @param {string} iso */
export function fullTime(iso) {
  return full.format(new Date(iso));
}

/** @typedef {'age' | 'until'} Kind how long ago it was, or how long it will be */

/**
 * A time that goes on by itself, as long as it is on the page.
 * @param {Kind} kind
 * @param {string | null} [iso]
 */
export function ticking(kind, iso = null) {
  const element = h('time', { 'data-tick': kind });
  setTime(element, iso);
  return element;
}

/**
 * @param {HTMLTimeElement} element
 * @param {string | null} iso
 */
export function setTime(element, iso) {
  element.dateTime = iso ?? '';
  element.title = iso === null ? '' : fullTime(iso);
  tell(element);
}

/** Moves every time on the page on, and tells `listener`, each second. */
export function startTicking(/** @type {() => void} */ listener) {
  setInterval(() => {
    for (const element of document.querySelectorAll('time[data-tick]')) {
      tell(/** @type {HTMLTimeElement} */ (element));
    }
    listener();
  }, second);
}

/** @param {HTMLTimeElement} element */
function tell(element) {
  const at = Date.parse(element.dateTime);
  if (Number.isNaN(at)) setText(element, 'never');
  else if (element.dataset['tick'] === 'until') setText(element, span(at - now()));
  else setText(element, ago(now() - at));
}

/** @param {number} age_ms */
export function ago(age_ms) {
  if (age_ms < 5 * second) return 'just now';
  return `${age_ms < minute || age_ms >= hour ? span(age_ms) : span(Math.floor(age_ms / minute) * minute)} ago`;
}
