import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { onTeardown } from '../../test/support/teardown.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { instantSimulator, startBridge } from '../bridge.js';
import { CommandClient } from '../command-client.js';
import { startEcho } from '../controls/echo.js';
import type { Figure, Finding } from '../figure.js';
import { resident_MB } from '../resident.js';

/** Until a process that has started has come to rest. */
const rest_ms = 3000;
const wakes = 4;

export const memory: Figure = {
  name: 'memory',
  async measure() {
    const { url } = await startMosquitto();
    const echo = await startEcho(url);
    const file = join(await tempDir(), 'control.json');
    await writeFile(file, JSON.stringify({ vehicles: { '*': { force: { hang: true } } } }));
    const bridge = await startBridge(url, instantSimulator(wakes, { control_file: file }));
    const client = await CommandClient.connect(url, bridge);
    await pause(rest_ms);
    const bare = resident_MB(echo.pid);
    const idle = resident_MB(bridge.daemon.pid);
    for (const car of bridge.cars) client.send(car, 'force');
    await pause(rest_ms);
    const withMore = resident_MB(bridge.daemon.pid);
    return [
      {
        figure: 'memory of the bridge, one thread',
        value: idle,
        unit: 'MB',
        control: { expression: 'bare client', value: bare },
        target: { of: 'value', atMost: 115 },
      },
      {
        figure: 'memory of a further thread',
        value: (withMore - idle) / wakes,
        unit: 'MB',
        target: { of: 'value', atMost: 12 },
      },
      ...(await ofPython()),
    ];
  },
};

const sidecar = fileURLToPath(new URL('../../sidecar', import.meta.url));

const interpretersFile = new URL('../../.cache/test-python.json', import.meta.url);

/** The interpreter with the vendor's library that the tests use, if it has been made. */
function libraryPython(): string | undefined {
  if (!existsSync(interpretersFile)) return undefined;
  const interpreters = JSON.parse(readFileSync(interpretersFile, 'utf8')) as Record<string, string>;
  return interpreters['BLUELINK2MQTT_TEST_PYTHON'];
}

/** The sidecar with the real library, when it has loaded everything. */
async function ofPython(): Promise<Finding[]> {
  const figure = 'memory of a Python process';
  const python = libraryPython();
  if (python === undefined) {
    return [{ figure, skipped: 'needs the Python environment of npm run test:environment' }];
  }
  const [bare, loaded] = [
    await afterFirstLine(python, ['-c', 'import sys; print(flush=True); sys.stdin.read()']),
    await afterFirstLine(python, ['-W', 'ignore', '-m', 'bluelink_sidecar']),
  ];
  return [
    {
      figure,
      value: loaded,
      unit: 'MB',
      control: { expression: 'bare Python', value: bare },
      target: { of: 'value', atMost: 45 },
    },
  ];
}

async function afterFirstLine(python: string, args: readonly string[]): Promise<number> {
  const environment = { PATH: process.env['PATH'], PYTHONPATH: sidecar };
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'], env: environment });
  const ended = once(child, 'close');
  onTeardown(async () => {
    child.stdin.end();
    await ended;
  });
  await once(createInterface(child.stdout), 'line');
  return resident_MB(child.pid ?? 0);
}
