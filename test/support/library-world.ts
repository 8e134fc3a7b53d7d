import { type Cloud, type CloudOptions, startCloud } from '../cloud/cloud.js';
import { Cuttable } from './cuttable.js';
import { type Mosquitto, hasMosquitto, startMosquitto } from './mosquitto.js';
import { hasTestPython } from './python.js';
import { type Recorder, startRecorder } from './recorder.js';
import { onTeardown } from './teardown.js';

/** For `describe.skipIf(!...)`: what the tests with the real library need. */
export const hasLibraryWorld = hasMosquitto && hasTestPython;

/** The neighbours that the daemons of one file share. */
export interface LibraryWorld {
  readonly cloud: Cloud;
  readonly broker: Mosquitto;
  readonly recorder: Recorder;
}

export async function startLibraryWorld(options: CloudOptions = {}): Promise<LibraryWorld> {
  const cloud = await startCloud(options);
  onTeardown(() => cloud.stop());
  const broker = await startMosquitto();
  const recorder = await startRecorder(broker.url);
  return { cloud, broker, recorder };
}

/**
 * A way to the cloud that can be closed and opened again: connections are refused meanwhile. Its port is one that no
 * other cloud looks for while it is free.
 */
export async function doorTo(
  cloud: Pick<Cloud, 'environment' | 'proxyUrl'>,
): Promise<{ readonly door: Cuttable; readonly environment: Cloud['environment'] }> {
  const door = await Cuttable.before(Number(new URL(cloud.proxyUrl).port));
  const proxy = `http://127.0.0.1:${String(door.port)}`;
  return { door, environment: { ...cloud.environment, HTTPS_PROXY: proxy, https_proxy: proxy } };
}

let owners = 0;

/** An account of its own for each test, so that nothing of another test is on it. */
export function addHyundai({ cloud }: LibraryWorld, cars = 1) {
  owners += 1;
  return cloud.accounts.usaHyundai({
    username: `owner${String(owners)}@example.com`,
    password: `open-sesame-${String(owners)}`,
    // As short as a real one, and by chance in no number and in no hash.
    pin: `k${String(owners)}.z`,
    seed: 100 + owners,
    cars,
  });
}

export function addKia({ cloud }: LibraryWorld, cars = 1) {
  owners += 1;
  return cloud.accounts.usaKia({
    username: `owner${String(owners)}@example.com`,
    password: `open-sesame-${String(owners)}`,
    seed: 100 + owners,
    cars,
  });
}
