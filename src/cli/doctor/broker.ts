import { randomBytes } from 'node:crypto';
import type { BridgeOptions } from '../../bridge.js';
import type { Config } from '../../config/schema.js';
import { createTopics } from '../../mqtt/topics.js';
import { bridgeOptions, StartFault } from '../bridge-options.js';
import { packageVersion } from '../version.js';
import { openBroker, publishFault, refusedFilters, type Opened } from '../../mqtt/trial-client.js';
import { connectFault } from './broker-fault.js';
import { echoOf, isStalling, measureRoundTrips } from '../../mqtt/round-trips.js';
import { daemon_ms, type DaemonStanding } from './daemon.js';
import type { Check, TellOf } from './finding.js';

type Open = Extract<Opened, { is: 'open' }>;

interface Broker extends Open {
  readonly config: Config;
  /** Nobody listens to it, and it is no command. */
  readonly topic: string;
  readonly tell: TellOf;
}

const broker_ms = 40_000;
/** What a check that is killed leaves behind goes by itself. */
const retained_s = 60;
const example = 'as in config/mosquitto.acl.example';

export function brokerCheck(config: Config, standing: Promise<DaemonStanding>): Check {
  return {
    what: 'broker',
    limit_ms: broker_ms + daemon_ms,
    look: async (tell, signal) => {
      const options = await optionsOf(config, tell);
      if (options === undefined) return;
      const opened = await openBroker(options, signal);
      if (opened.is === 'refused') {
        tell(...connectFault(opened.error, options));
        return;
      }
      const topics = createTopics(config.mqtt.base_topic);
      const name = `doctor-${randomBytes(6).toString('hex')}`;
      const topic = topics.bridge.availability.replace(/availability$/, name);
      tellOfConnection(options, opened, tell);
      const daemon = await standing;
      const used = tellOfUse({ ...opened, config, topic, tell }, daemon);
      if (await isLostBefore(opened, used)) {
        const found = 'it ended the connection while its topics were tried';
        const base = config.mqtt.base_topic;
        const advice = `let this user write and read ${base}/#, ${example}; its log says more`;
        tell.of('rights')('fault', found, advice);
      } else await opened.client.endAsync();
    },
  };
}

/** Without accounts: what these lack is told elsewhere. */
async function optionsOf(config: Config, tell: TellOf): Promise<BridgeOptions['mqtt'] | undefined> {
  try {
    return (await bridgeOptions({ ...config, accounts: [] }, packageVersion())).mqtt;
  } catch (error) {
    if (!(error instanceof StartFault)) throw error;
    tell('fault', error.message, 'mend mqtt.ca_file, cert_file and key_file, or their modes');
    return undefined;
  }
}

function tellOfConnection(
  { url, username, version: wanted }: BridgeOptions['mqtt'],
  { version, connack }: Open,
  tell: TellOf,
): void {
  const who = username === undefined ? 'without a user name' : `as ${username}`;
  const found = `${url}, ${who}, MQTT ${version === 5 ? '5' : '3.1.1'}`;
  if (connack.properties?.maximumQoS === 0) {
    tell('fault', `${found}: it takes no QoS 1`, 'the bridge needs QoS 1: take another broker');
  } else if (version === 5 || wanted === 4) tell('ok', found);
  else {
    const lost = `${found}: what is sent while the bridge is away is lost`;
    tell('warn', lost, 'take a broker that speaks MQTT 5, such as mosquitto 2');
  }
}

/** With 3.1.1 that is how some brokers refuse what is published; what waits for them then would wait for ever. */
function isLostBefore({ client }: Open, used: Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    client.once('close', () => {
      resolve(true);
    });
    if (client.disconnected) resolve(true);
    used.then(() => {
      resolve(false);
    }, reject);
  });
}

/** What the bridge does there, in the order in which one hangs on the other. */
async function tellOfUse(broker: Broker, daemon: DaemonStanding): Promise<void> {
  const heard: { availability?: string } = {};
  const topics = createTopics(broker.config.mqtt.base_topic);
  broker.client.on('message', (topic, payload) => {
    if (topic === topics.bridge.availability) heard.availability = payload.toString();
  });
  const mayRead = await tellOfReading(broker);
  const mayWrite = await tellOfWriting(broker);
  if (mayRead && mayWrite && (await tellOfDelay(broker))) await tellOfRetaining(broker);
  tellOfBase(heard.availability, daemon, broker);
}

async function tellOfReading({ client, config, topic, tell }: Broker): Promise<boolean> {
  const topics = createTopics(config.mqtt.base_topic);
  const { discovery, status_topic } = config.home_assistant;
  const refused = await refusedFilters(client, {
    // As the bridge does; nothing that is retained is of use here.
    [topics.commandFilter]: { qos: 1, rh: 2 },
    ...(discovery === 'off' ? {} : { [status_topic]: { qos: 1, rh: 2 } }),
    [topics.bridge.availability]: { qos: 1 },
    [topic]: { qos: 0 },
  });
  await client.unsubscribeAsync([topics.commandFilter, status_topic]);
  if (refused.length === 0) return true;
  const filters = refused.map((filter) => (filter === topic ? `${topic} (a test)` : filter));
  const found = `may not be read: ${filters.join(', ')}`;
  tell.of('rights')('fault', found, `let this user read them, ${example}`);
  return !refused.includes(topic);
}

async function tellOfWriting({ client, config, topic, tell }: Broker): Promise<boolean> {
  const fault = await publishFault(client, `${topic}/unheard`, 'doctor');
  // With 3.1.1 a refusal has no words, and reading is often refused without one: then the echo stays away.
  if (fault === undefined) return true;
  const found = `${topic}/unheard may not be written: ${fault.message}`;
  const base = config.mqtt.base_topic;
  tell.of('rights')('fault', found, `let this user write ${base}/#, ${example}`);
  return false;
}

/** Whether what is written comes back at all. */
async function tellOfDelay({ client, config, topic, tell }: Broker): Promise<boolean> {
  const trips = await measureRoundTrips(client, topic);
  if (trips === undefined) {
    const found = `what is written to ${topic} does not come back`;
    const base = config.mqtt.base_topic;
    const advice = `let this user write and read ${base}/#, ${example}`;
    tell.of('rights')('fault', found, advice);
    return false;
  }
  tell.of('rights')(
    'ok',
    `may subscribe to commands, and write and read below ${config.mqtt.base_topic}/bridge/`,
  );
  const found = `a message and back takes ${trips.echoed_ms.toFixed(1)} ms`;
  if (!isStalling(trips)) tell.of('delay')('ok', found);
  else {
    const alone = `its acknowledgement only ${trips.acknowledged_ms.toFixed(1)} ms`;
    const advice = '`set_tcp_nodelay true` in mosquitto.conf, and restart mosquitto';
    tell.of('delay')('warn', `${found}, ${alone}: the broker holds packets back`, advice);
  }
  return true;
}

async function tellOfRetaining(broker: Broker): Promise<void> {
  const { client, connack, version, topic } = broker;
  const tell = broker.tell.of('retain');
  const keep = 'let the broker keep retained messages (mosquitto: `retain_available true`)';
  // Publishing one all the same would end the connection.
  if (connack.properties?.retainAvailable === false) {
    tell('fault', 'the broker keeps no retained messages', keep);
    return;
  }
  const kept = `${topic}/kept`;
  const expiry = version === 5 ? { expiry_s: retained_s } : {};
  try {
    const fault = await publishFault(client, kept, 'doctor', { retain: true, ...expiry });
    if (fault !== undefined) {
      tell('fault', `a retained message is refused: ${fault.message}`, keep);
      return;
    }
    const coming = echoOf(client, kept);
    coming.catch(() => undefined);
    await refusedFilters(client, { [kept]: { qos: 1 } });
    const isRetained = await coming.catch(() => false);
    if (isRetained) tell('ok', 'retained messages are kept');
    else tell('fault', 'a retained message did not come back', keep);
  } finally {
    await publishFault(client, kept, '', { retain: true });
  }
}

function tellOfBase(
  availability: string | undefined,
  daemon: DaemonStanding,
  { config: { mqtt }, tell }: Broker,
): void {
  const say = tell.of('base topic');
  const found = `${mqtt.base_topic}/bridge/availability is ${availability ?? 'not there'}`;
  const isOnline = availability === 'online';
  if (daemon.is === 'running' && !isOnline) {
    const advice = 'its log says why it is not connected; `mqtt.url` may have changed since';
    say('fault', `${found} while the bridge runs`, advice);
  } else if (daemon.is === 'absent' && isOnline) {
    const other = `another one needs another mqtt.base_topic and mqtt.client_id; if it is the same, ask with its state_dir`;
    say('warn', `${found}, but no bridge runs on this state_dir: another one`, other);
  } else say('ok', found);
}
