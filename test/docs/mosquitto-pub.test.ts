import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { bridgeCommandNames } from '../../src/vehicle/bridge-command.js';
import { vehicleCommandNames } from '../../src/vehicle/command.js';
import { greeting } from '../../src/cli/demo.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import {
  isEnding,
  lifeCycleEventSchema,
  type LifeCycleEvent,
} from '../../src/vehicle/life-cycle.js';
import { startDaemon } from '../support/daemon.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { findProgram } from '../support/programs.js';
import { startRecorder, type Recorded, type Recorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';
import { allPages, page, root } from './pages.js';

/** A line of a page: what a person types, and behind `#` what the page says will come of it. */
interface Line {
  readonly page: string;
  readonly line: string;
  readonly expected: Partial<LifeCycleEvent>;
}

const lines: Line[] = [
  ...allPages.flatMap(({ name, blocks }) =>
    blocks
      .filter(({ language }) => language === 'sh')
      .flatMap((block) => linesOf(name, block.lines)),
  ),
  ...linesOf('npm run demo', greeting(1883).split('\n')),
];

/** Lines that look once at a document, through jq. */
const looks = allPages.flatMap(({ name, blocks }) =>
  blocks
    .filter(({ language }) => language === 'sh')
    .flatMap((block) => block.lines)
    .filter((line) => /^mosquitto_sub .* -C 1 \| jq /.test(line))
    .map((line) => ({ page: name, line })),
);

function linesOf(name: string, text: readonly string[]): Line[] {
  return text
    .map((line) => line.trimStart())
    .filter((line) => line.startsWith('mosquitto_pub '))
    .map((line) => ({ page: name, line, expected: expectationOf(line) }));
}

/** `# rejected, unsupported`, `# replayed`; without a remark the command has to succeed. */
function expectationOf(line: string): Partial<LifeCycleEvent> {
  const remark = / {4}# (.*)$/.exec(line)?.[1];
  // No simulated account waits for a code: the step gets as far as the account, and ends there.
  if (line.includes('/commands/otp ')) return { status: 'failed', code: 'unsupported' };
  if (remark === undefined) return { status: 'succeeded' };
  if (remark === 'replayed') return { status: 'succeeded', replayed: true };
  const [status, code] = remark.split(', ');
  return lifeCycleEventSchema.pick({ status: true, code: true }).parse({ status, code });
}

describe.skipIf(!hasMosquitto)('typed as the pages say, at a broker with the example ACL', () => {
  let recorder: Recorder;
  let port: number;

  beforeAll(async () => {
    const acl = join(root, 'config/mosquitto.acl.example');
    const broker = await startMosquitto({ settings: [`acl_file ${acl}`] });
    port = broker.port;
    recorder = await startRecorder(broker.url, { client: { username: 'homeassistant' } });
    await startDaemon({ config: configuration(broker.url) });
    for (const car of ['ioniq5', 'tucson']) {
      await recorder.waitForTopic(`bluelink/${car}/availability`, 'online');
    }
  });

  test.each(lines)('$page: $line', async ({ line, expected }) => {
    const from = recorder.messages.length;
    expect(await type(line, 'homeassistant')).toMatchObject({ code: 0 });
    const { payload } = await recorder.waitFor(isAnEnding, 15_000, from);
    const ending = lifeCycleEventSchema.parse(JSON.parse(payload));
    expect({ code: ending.code, replayed: ending.replayed, status: ending.status }).toEqual({
      code: undefined,
      replayed: undefined,
      ...expected,
    });
    const [, responseTopic] = /response-topic (\S+)/.exec(line) ?? [];
    if (responseTopic !== undefined) {
      const isAnswer = ({ topic, payload: said }: Recorded): boolean =>
        topic === responseTopic && said === payload;
      await recorder.waitFor(isAnswer, 15_000, from);
    }
  });

  test.skipIf(findProgram('jq') === undefined).each(looks)('$page: $line', async ({ line }) => {
    const { code, said } = await type(line, 'homeassistant');
    expect(code).toEqual(0);
    const shown: unknown = JSON.parse(said);
    expect(shown).toEqual(expect.any(Object));
    expect(Object.values(shown as object)).not.toContain(null);
  });

  test('there are lines to type', () => {
    expect(looks.length).toBeGreaterThan(2);
    expect(lines.length).toBeGreaterThan(60);
    expect(lines.map((line) => line.page)).toEqual(
      expect.arrayContaining([
        'README.md',
        'docs/commands.md',
        'docs/mqtt.md',
        'docs/troubleshooting.md',
        'npm run demo',
      ]),
    );
  });

  test.each([...vehicleCommandNames, ...bridgeCommandNames])('%s is shown at work', (name) => {
    const shown = lines.filter(({ line }) => line.includes(`/commands/${name} `));
    const isAtWork = ({ expected }: Line): boolean => expected.status === 'succeeded';
    // Nothing here waits for a code, or is there to be cancelled.
    const isRefused = name === 'otp' || name === 'cancel';
    expect(shown.some((line) => isRefused || isAtWork(line))).toEqual(true);
  });

  test('the state of the bridge has the keys that the page shows', () => {
    const shown = page('docs/mqtt.md')
      .blocks.flatMap((block) => block.lines)
      .find((line) => line.includes('"event_loop"'));
    const [published] = recorder.on('bluelink/bridge/state').slice(-1);
    expect(keysOf(JSON.parse(shown ?? ''))).toEqual(keysOf(JSON.parse(published?.payload ?? '')));
  });

  test('who may only look is not obeyed', async () => {
    await type(`mosquitto_pub -q 1 -t ${topic} -m '{"id":"looker","value":"cached"}'`, 'display');
    await type(
      `mosquitto_pub -q 1 -t ${topic} -m '{"id":"owner","value":"cached"}'`,
      'homeassistant',
    );
    expect(await recorder.waitForEnding('owner')).toMatchObject({ status: 'succeeded' });
    expect(recorder.events('looker')).toEqual([]);
  });

  /** Types a line into a shell, word for word; the programs take broker and user from their own files of options. */
  async function type(line: string, user: string): Promise<{ code: number | null; said: string }> {
    const home = await tempDir();
    const options = `-h 127.0.0.1\n-p ${String(port)}\n-u ${user}\n`;
    for (const program of ['mosquitto_pub', 'mosquitto_sub']) {
      await writeFile(join(home, program), options);
    }
    const shell = spawn('sh', ['-c', line], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: home },
    });
    let said = '';
    shell.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(shell, 'close')) as [number | null];
    return { code, said };
  }
});

const topic = 'bluelink/ioniq5/commands/refresh';
const seed = 7;

const shownAccounts = z.object({
  accounts: z.tuple([
    z.object({
      vehicles: z.record(
        z.string(),
        z.object({ alias: z.string(), commands: z.object({ allow: z.array(z.string()) }) }),
      ),
    }),
  ]),
});

/** The page allows a car what is off otherwise, and goes on to show that it works: so this car is allowed the same. */
function shownCommands(alias: string): { readonly allow: readonly string[] } | undefined {
  const shown = page('docs/commands.md')
    .blocks.filter(({ language }) => language === 'yaml')
    .map(({ lines: text }) => shownAccounts.safeParse(parse(text.join('\n'))).data)
    .flatMap((one) => Object.values(one?.accounts[0].vehicles ?? {}));
  return shown.find((car) => car.alias === alias)?.commands;
}

function configuration(url: string): Readonly<Record<string, unknown>> {
  const vehicles = Object.fromEntries(
    ['ioniq5', 'tucson'].map((alias, index) => {
      const { identity } = SimulatedCar.create({ index, seed }, { now: Date.now });
      const commands = shownCommands(alias);
      return [identity.vin, { alias, ...(commands === undefined ? {} : { commands }) }];
    }),
  );
  const latencies = { latency: '20ms', force_latency: '20ms', command_latency: '20ms' };
  const simulator = { vehicles: 2, seed, ...latencies };
  return {
    mqtt: { url, username: 'bluelink2mqtt' },
    commands: { rate: '1000/1h' },
    log: { format: 'json' },
    accounts: [{ name: 'home', backend: 'simulator', vehicles, simulator }],
  };
}

function isAnEnding({ topic: on, payload }: Recorded): boolean {
  return on.endsWith('/result') && isEnding(lifeCycleEventSchema.parse(JSON.parse(payload)));
}

/** The keys of a document and of the objects in it. */
function keysOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, keysOf(inner)]));
}
