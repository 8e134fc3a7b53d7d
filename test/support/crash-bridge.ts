import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBridge } from '../../src/bridge.js';
import { bridgeOptions } from '../../src/cli/bridge-options.js';
import { configSchema } from '../../src/config/schema.js';
import { systemClock, type Clock } from '../../src/daemon/clock.js';
import { createLogger } from '../../src/daemon/logger.js';
import { openLevelStore } from '../../src/store/level-store.js';
import type { Store } from '../../src/store/store.js';
import { uncared } from './crash-daemon.js';
import { GrowingList } from './growing-list.js';
import type { Recorder } from './recorder.js';
import { onTeardown } from './teardown.js';

export interface InnerBridgeOptions {
  readonly url: string;
  readonly stateDir: string;
  readonly simulator: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
  /** Puts something between the bridge and its store. */
  readonly around?: (store: Store) => Store;
}

export interface InnerBridge {
  /** What the vendor's side saw, a JSON line each. */
  readonly effectsFile: string;
  readonly log: GrowingList<string>;
  /** A clean stop; a second one does nothing. */
  readonly stop: () => Promise<void>;
}

/** The bridge within the process of the test, where its clock and its store can be replaced. */
export async function startInnerBridge(options: InnerBridgeOptions): Promise<InnerBridge> {
  const { url, stateDir, simulator, config = {}, clock = systemClock, around } = options;
  const effectsFile = join(stateDir, 'effects.jsonl');
  const parsed = configSchema.parse({
    ...uncared,
    ...config,
    mqtt: { url },
    accounts: [
      { name: 'home', backend: 'simulator', simulator: { ...simulator, log_file: effectsFile } },
    ],
  });
  const log = new GrowingList<string>();
  const logger = createLogger(
    { level: 'info', format: 'json' },
    {
      write: (line: string) => {
        log.add(line);
      },
    },
  );
  const store = await openLevelStore(join(stateDir, 'store'));
  const bridge = await startBridge(await bridgeOptions(parsed, 'test'), {
    clock,
    log: logger,
    store: around?.(store) ?? store,
    workerEntry: fileURLToPath(new URL('../../dist/worker/run-command.js', import.meta.url)),
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= bridge.stop());
  onTeardown(stop);
  return { effectsFile, log, stop };
}

/** The topic id of the only car, as soon as it has been read. */
export async function nameOfCar(recorder: Recorder): Promise<string> {
  const car = /^bluelink\/(?!bridge\/)([^/]+)\/availability$/;
  const { topic } = await recorder.waitFor(
    (message) => message.payload === 'online' && car.test(message.topic),
  );
  return car.exec(topic)?.[1] ?? '';
}
