import type { NatsStoreConfig } from '../../config/store.js';
import type { Config } from '../../config/schema.js';
import type { FleetInspection } from '../../fleet/inspection.js';
import { StoreError } from '../../store/store.js';
import { StartFault } from '../bridge-options.js';
import { inWords, systemCode, type Check, type Tell, type TellOf } from './finding.js';

const connect_ms = 8000;
const ask_ms = 4000;
/** A person sees commands expire too early or too late. */
const tolerable_ms = 2000;
/** From here on what another instance has stored lies in the future. */
const wrong_ms = 60_000;
const example = 'as in config/nats-server.conf.example';

/** What the instances of a fleet share; nothing where there is no fleet. */
export function natsChecks({ store, instance }: Config): Check[] {
  if (store.engine !== 'nats') return [];
  return [
    {
      what: 'nats',
      limit_ms: connect_ms + 8 * ask_ms,
      look: (tell) => lookAtNats(store, instance, tell),
    },
  ];
}

async function lookAtNats(store: NatsStoreConfig, instance: string, tell: TellOf): Promise<void> {
  // Nothing of NATS is loaded where it is not used.
  const { cipherOf, natsSettings } = await import('../run-in-fleet.js');
  const { tryConnection } = await import('../../nats/try-connection.js');
  const { inspectFleet } = await import('../../fleet/inspection.js');
  const servers = store.servers.join(', ');
  let connection;
  try {
    connection = await tryConnection(await natsSettings(store, `${instance} doctor`), connect_ms);
  } catch (error) {
    if (error instanceof StartFault) tell('fault', error.message, 'mend its path, or its mode');
    else tell(...connectFault(error, servers));
    return;
  }
  try {
    const version = connection.info?.version ?? 'unknown';
    const who = store.username === undefined ? '' : `, as ${store.username}`;
    tell('ok', `${connection.getServer()}, NATS ${version}${who}`);
    const { name } = store;
    const found = await inspectFleet({
      connection,
      name,
      cipher: cipherOf(store),
      timeout_ms: ask_ms,
    });
    tellOfStreams(found, store, tell.of('streams'));
    tell.of('key')(...judgeKey(found.key));
    if (found.ahead_ms !== undefined) tell.of('clocks')(...judgeClocks(found.ahead_ms));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    tell.of('streams')('fault', error.message, `a block \`jetstream\`, and rights ${example}`);
  } finally {
    await connection.close();
  }
}

function connectFault(error: unknown, servers: string): Parameters<Tell> {
  const said = `${servers}: ${inWords(error)}`;
  if (/authoriz|authentic/i.test(said)) {
    return ['fault', said, 'put what NATS wants into store.username and store.password'];
  }
  if (/tls|certificate|self.signed/i.test(said)) {
    return [
      'fault',
      said,
      'mend store.ca_file, cert_file and key_file, or tls:// in store.servers',
    ];
  }
  const code = systemCode(error);
  const found = code === undefined || said.includes(code) ? said : `${said} (${code})`;
  return ['fault', found, 'start NATS, or mend store.servers'];
}

function tellOfStreams({ streams }: FleetInspection, store: NatsStoreConfig, tell: Tell): void {
  const refused = streams.filter(({ is }) => is === 'refused');
  for (const { stream, reason = '' } of refused) {
    tell('fault', `${stream} cannot be seen: ${reason}`, `give the user the rights ${example}`);
  }
  for (const { stream, replicas } of streams) {
    if (replicas === undefined || replicas === store.replicas) continue;
    const found = `${stream} has ${replicas} replica(s), store.replicas says ${store.replicas}`;
    tell('warn', found, 'the next start of an instance changes it, if there are enough servers');
  }
  if (refused.length > 0) return;
  const there = streams.filter(({ is }) => is === 'there').length;
  if (there === streams.length) tell('ok', `all ${streams.length} of ${store.name} are there`);
  else tell('ok', `${there} of ${streams.length} are there: the first instance makes the others`);
}

export function judgeKey(key: FleetInspection['key']): Parameters<Tell> {
  if (key.is === 'fits') return ['ok', 'opens what is stored'];
  if (key.is === 'nothing') return ['ok', 'nothing is stored yet that it has to open'];
  const advice = 'take the key of the other instances as store.encryption_key, docs/fleet.md';
  return ['fault', key.reason, advice];
}

export function judgeClocks(ahead_ms: number): Parameters<Tell> {
  const by = `${(Math.abs(ahead_ms) / 1000).toFixed(1)} s`;
  const found = `this one is ${by} ${ahead_ms < 0 ? 'behind' : 'ahead of'} that of NATS`;
  if (Math.abs(ahead_ms) < tolerable_ms) return ['ok', found];
  const advice = 'set both by NTP: `sudo timedatectl set-ntp true` on each machine';
  return [Math.abs(ahead_ms) < wrong_ms ? 'warn' : 'fault', found, advice];
}
