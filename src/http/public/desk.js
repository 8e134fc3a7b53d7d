/** @typedef {import('./api.js').Api} Api */
/** @typedef {import('./commander.js').Commander} Commander */
/** @typedef {import('./lives.js').Lives} Lives */
/** @typedef {import('./lives.js').Life} Life */

/**
 * What every part of the page has in common.
 * @typedef {object} Desk
 * @property {Api} api
 * @property {Lives} lives
 * @property {Commander} commander
 * @property {'full' | 'read'} access
 * @property {boolean} canAct connected, and allowed to change things
 * @property {(life: Life) => number} seenAt when this page saw its newest step; this clock's milliseconds
 * @property {(vehicle: string | null) => string} nameOf what a person calls a car
 */

export {};
