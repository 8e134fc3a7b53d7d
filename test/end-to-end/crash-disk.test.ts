import { describe, expect, test } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { startCrashLab, type CrashLab } from '../support/crash-daemon.js';
import { canMount, smallDisk } from '../support/crash-disk.js';
import { readEffects } from '../support/crash-ledger.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';

/** Asks for a cached read and answers what it is told of that id next: taken, refused or replayed. */
type Ask = (id: string) => Promise<LifeCycleEvent>;

describe.skipIf(!hasMosquitto || !canMount)('a full disk', () => {
  test('is said of each command; what is acknowledged once there is room survives a kill', async () => {
    const disk = smallDisk();
    const broker = await startMosquitto();
    const lab = await startCrashLab({
      broker,
      simulator: { vehicles: 1, latency: '0s' },
      config: { retry: { initial: '50ms', max: '200ms' } },
      stateDir: disk.folder,
    });
    await lab.start();
    const [vehicle = ''] = await lab.vehicles(1);
    const ask = asking(broker, lab, vehicle);
    const taken = [await taking(ask, lab, 'before')];

    disk.fill();
    // A last page may still have room for a few.
    const refused = await untilRefused(ask, taken);
    for (const id of ['refused-1', 'refused-2', 'refused-3']) {
      expect(await ask(id)).toMatchObject({ status: 'rejected', code: 'not_stored', id });
    }
    // An id that the journal holds is answered too, by the journal or by the news that it cannot be read.
    expect(['succeeded', 'rejected']).toContain((await ask('before')).status);
    expect(lab.daemon.lines.join('\n')).not.toMatch(/could not be taken/);

    disk.makeRoom();
    taken.push(await takingAtLast(ask, lab, 'after-0'));
    for (let count = 1; count <= 10; count += 1) {
      taken.push(await taking(ask, lab, `after-${String(count)}`));
    }
    for (const id of taken) await lab.recorder.waitForEnding(id);

    await lab.kill();
    await lab.start();
    const before = await runs(lab);
    for (const id of taken) expect(await ask(id)).toMatchObject({ id, replayed: true });
    expect(await runs(lab)).toEqual(before);
    // What was refused has left its id free, and has not run.
    expect(before).not.toContain(refused);
    await taking(ask, lab, refused);
  });
});

function asking(broker: Mosquitto, lab: CrashLab, vehicle: string): Ask {
  return async (id) => {
    const next = lab.recorder.waitForNext(
      ({ topic, payload }) =>
        topic.endsWith('/result') && (JSON.parse(payload) as { id: string }).id === id,
    );
    const payload = JSON.stringify({ value: 'cached', id });
    await broker.publish(`bluelink/${vehicle}/commands/refresh`, payload);
    return JSON.parse((await next).payload) as LifeCycleEvent;
  };
}

async function taking(ask: Ask, lab: CrashLab, id: string): Promise<string> {
  expect(await ask(id)).toMatchObject({ status: 'accepted', id });
  await lab.recorder.waitForEnding(id);
  return id;
}

/** The store is opened anew by one of the next writes. */
async function takingAtLast(ask: Ask, lab: CrashLab, id: string): Promise<string> {
  for (let tries = 1; tries <= 20; tries += 1) {
    if ((await ask(id)).status === 'accepted') {
      await lab.recorder.waitForStatus(id, ['succeeded']);
      return id;
    }
  }
  throw new Error('with room on the disk commands are still refused');
}

async function untilRefused(ask: Ask, taken: string[]): Promise<string> {
  for (let count = 0; count < 50; count += 1) {
    const id = `filling-${String(count)}`;
    const event = await ask(id);
    if (event.status === 'rejected') {
      expect(event).toMatchObject({ code: 'not_stored', retryable: true });
      return id;
    }
    taken.push(id);
  }
  throw new Error('fifty commands were taken on a full disk');
}

async function runs(lab: CrashLab): Promise<string[]> {
  const effects = await readEffects(lab.effectsFile);
  return effects.flatMap(({ command_id }) => command_id ?? []);
}
