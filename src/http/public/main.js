import { Accounts } from './accounts.js';
import { Api, Unreachable } from './api.js';
import { AuditLog } from './audit-log.js';
import { BridgePanel } from './bridge-panel.js';
import { deed } from './command-words.js';
import { Commander } from './commander.js';
import { byId, fill, h, icon, partsIn, setText, show } from './dom.js';
import { isOver, Lives } from './lives.js';
import { Live } from './live.js';
import { LostBanner } from './lost-banner.js';
import { inPlainWords, statusWord, stepWords } from './plain-words.js';
import { SignIn } from './sign-in.js';
import { startTicking } from './time.js';
import { UnderWay } from './under-way.js';
import { titleOf, VehicleCard } from './vehicle-card.js';

/** @typedef {import('../bridge-api.js').VehicleDocuments} VehicleDocuments */
/** @typedef {import('./bridge-document.js').BridgeDocument} BridgeDocument */
/** @typedef {import('./lives.js').Life} Life */

const openCommands = 100;

/** @type {Map<string, VehicleDocuments>} */
const vehicles = new Map();
/** @type {BridgeDocument | undefined} */
let bridge;
/** @type {'full' | 'read'} */
let access = 'read';
let wasIn = false;
/** @type {WeakMap<Life, number>} */
const seen = new WeakMap();

const lives = new Lives();
const api = new Api(
  () => live.signedOut(),
  () => live.lost(),
);
const commander = new Commander(api, lives);

/** @type {import('./desk.js').Desk} */
const desk = {
  ...{ api, lives, commander },
  get access() {
    return access;
  },
  get canAct() {
    return access === 'full' && live.standing === 'live';
  },
  seenAt: (life) => seen.get(life) ?? 0,
  nameOf(vehicle) {
    if (vehicle === null) return 'Bridge';
    const documents = vehicles.get(vehicle);
    return documents === undefined ? vehicle : titleOf(vehicle, documents.info);
  },
};

const signIn = new SignIn(api, () => live.tryNow());
const lostBanner = new LostBanner(byId('lost'), () => live);
/** @type {Map<string, VehicleCard>} */
const cards = new Map();
const carParts = partsIn(
  byId('car-list'),
  (/** @type {VehicleDocuments} */ { vehicle }) => vehicle,
  ({ vehicle }) => {
    const card = new VehicleCard(desk, vehicle);
    cards.set(vehicle, card);
    return card;
  },
);
const underWay = new UnderWay(byId('under-way'), desk);
const accounts = new Accounts(byId('accounts'), desk, () => unlessLost(loadAccounts()));
const bridgePanel = new BridgePanel(byId('bridge'), desk);
const auditLog = new AuditLog(byId('log'), desk);

const live = new Live(api, { load, onEvent, onStanding });

lives.listen((life) => {
  seen.set(life, Date.now());
  refresh();
  announce(life);
  auditLog.changed();
});
byId('sign-out').addEventListener('click', () => {
  unlessLost(signOut());
});
startTicking(() => {
  lostBanner.refresh();
  refresh();
});
live.tryNow();

async function signOut() {
  await api.delete('session');
  // What was shown was for whoever was signed in.
  location.reload();
}

/** Every document anew, and what is under way. */
async function load() {
  const [session, listed, state, reports, open] = await Promise.all([
    api.get('session'),
    api.get('vehicles'),
    api.get('state'),
    api.get('accounts'),
    api.get(`commands?limit=${openCommands}`),
  ]);
  if (![session, listed, state, reports].every(({ ok }) => ok)) return false;
  wasIn = true;
  access = session.body.access;
  show(byId('sign-out'), session.body.token && access === 'full');
  vehicles.clear();
  for (const documents of listed.body.vehicles) vehicles.set(documents.vehicle, documents);
  bridge = state.body;
  if (open.ok) noteOpen(open.body.commands);
  await commander.findLost();
  drawCars();
  drawBridge();
  accounts.update(reports.body.accounts);
  drawNotices();
  await auditLog.load();
  setText(byId('foot'), `bluelink2mqtt ${session.body.version}`);
  return true;
}

/** @param {readonly import('../../vehicle/audit-entry.js').AuditEntry[]} entries newest first */
function noteOpen(entries) {
  const open = entries.filter(({ ended_at }) => ended_at === null);
  lives.forgetOpenBut(new Set(open.map(({ id }) => id)));
  const known = entries.filter(
    ({ id, ended_at }) => ended_at === null || lives.get(id) !== undefined,
  );
  for (const { id, vehicle, command, value, steps } of known.reverse()) {
    for (const step of steps) lives.note({ schema: 1, id, vehicle, command, value, ...step });
  }
}

/** @type {import('./live.js').Watcher['onEvent']} */
function onEvent(kind, data) {
  switch (kind) {
    case 'result':
    case 'progress':
      lives.note(data);
      return;
    case 'bridge':
      if (accountsOf(bridge) !== accountsOf(data)) unlessLost(loadAccounts());
      bridge = data;
      drawBridge();
      drawNotices();
      return;
    default:
      unlessLost(vehicleChanged(kind, data));
  }
}

/** @type {Map<string, [string, any][]>} What comes of a new car while its documents are read: it is the newer. */
const heldOf = new Map();

/**
 * @param {string} kind
 * @param {any} data
 */
async function vehicleChanged(kind, data) {
  const vehicle = kind === 'availability' ? data.vehicle : data.id;
  const held = heldOf.get(vehicle);
  if (held !== undefined) {
    held.push([kind, data]);
    return;
  }
  if (vehicles.has(vehicle)) noteVehicle(vehicle, kind, data);
  else await loadVehicle(vehicle);
  drawCars();
}

/** @param {string} vehicle */
async function loadVehicle(vehicle) {
  /** @type {[string, any][]} */
  const held = [];
  heldOf.set(vehicle, held);
  try {
    const { ok, body } = await api.get(`vehicles/${encodeURIComponent(vehicle)}`);
    if (ok) vehicles.set(vehicle, body);
  } finally {
    heldOf.delete(vehicle);
  }
  for (const [kind, data] of held) noteVehicle(vehicle, kind, data);
}

/**
 * @param {string} vehicle
 * @param {string} kind
 * @param {any} data
 */
function noteVehicle(vehicle, kind, data) {
  const known = vehicles.get(vehicle);
  if (known === undefined) return;
  const change = kind === 'availability' ? { available: data.available } : { [kind]: data };
  vehicles.set(vehicle, { ...known, ...change });
}

/** @type {import('./live.js').Watcher['onStanding']} */
function onStanding(standing) {
  const chip = byId('connection');
  const words = {
    connecting: 'Connecting',
    live: 'Live',
    lost: 'Not connected',
    'signed-out': 'Signed out',
  };
  fill(chip, icon(standing === 'live' ? 'check' : 'offline'), words[standing]);
  chip.className = `chip ${standing === 'live' ? 'good' : 'bad'}`;
  document.body.classList.toggle('is-lost', standing !== 'live');
  lostBanner.update(standing === 'lost');
  if (standing === 'signed-out') signIn.ask(wasIn);
  if (standing === 'live') {
    drawCars();
    drawBridge();
  }
  refresh();
}

function drawCars() {
  carParts.update([...vehicles.values()]);
  auditLog.cars([...vehicles.keys()]);
}

function drawBridge() {
  if (bridge !== undefined) bridgePanel.update(bridge);
  underWay.update(bridge?.jobs ?? []);
}

function refresh() {
  for (const card of cards.values()) card.refresh();
  underWay.update(bridge?.jobs ?? []);
  bridgePanel.refresh();
  accounts.refresh();
}

/**
 * Where the connection is gone everything is read anew as soon as it is back.
 * @param {Promise<void>} deed
 */
function unlessLost(deed) {
  deed.catch((/** @type {unknown} */ error) => {
    if (!(error instanceof Unreachable)) throw error;
  });
}

let accountsAsked = 0;

/** Of several answers under way the one that was asked for last is the newest. */
async function loadAccounts() {
  accountsAsked += 1;
  const nth = accountsAsked;
  const { ok, body } = await api.get('accounts');
  if (ok && nth === accountsAsked) accounts.update(body.accounts);
}

/** @param {BridgeDocument | undefined} document */
function accountsOf(document) {
  return JSON.stringify(document?.accounts);
}

/** What a person should see before anything else. */
function drawNotices() {
  const blocked = Object.entries(bridge?.accounts ?? {}).filter(([, { state }]) =>
    ['otp_required', 'refused'].includes(state),
  );
  const links = blocked.map(([name, { state }]) =>
    h(
      'p',
      { class: 'notice bad' },
      icon('warning'),
      h(
        'span',
        {},
        `Account ${name}: ${inPlainWords({ code: state === 'refused' ? 'auth_failed' : state }).what}. `,
      ),
      h('a', { href: '#accounts' }, 'What to do'),
    ),
  );
  const readOnly =
    access === 'read' &&
    wasIn &&
    h(
      'p',
      { class: 'notice' },
      icon('info'),
      h(
        'span',
        {},
        'Read-only: there are no buttons, because no token is configured. Set http.token_file in the configuration, restart the bridge, and sign in.',
      ),
    );
  fill(byId('notices'), readOnly, ...links);
}

/** For those who do not see the buttons change. @param {Life} life */
function announce(life) {
  if (life.asked === undefined || life.status === 'sending' || life.command === 'cancel') return;
  const { vehicle, command, value, status, event } = life;
  const words = stepWords({ ...event, status });
  const what = isOver(life) || status === 'confirming' ? ` ${words}` : '';
  setText(
    byId('announcer'),
    `${desk.nameOf(vehicle)}, ${deed(command, value)}: ${statusWord(status)}.${what}`,
  );
}
