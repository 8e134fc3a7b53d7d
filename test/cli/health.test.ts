import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { controlPath } from '../../src/http/control-path.js';
import { runProgram, type ProgramEnd } from '../end-to-end/program.js';
import { startDaemon } from '../support/daemon.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

const accounts = [{ name: 'home', backend: 'simulator', simulator: { latency: '10ms' } }];

async function healthOf(stateDir: string): Promise<ProgramEnd> {
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  const mqtt = { url: 'mqtt://broker.lan' };
  await writeFile(file, stringify({ mqtt, accounts, state_dir: stateDir }));
  return runProgram(['health', '--config', file]);
}

/** What answers on the control socket. */
async function aDaemonThatSays(status: number, body: unknown): Promise<string> {
  const stateDir = await tempDir();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }).listen(controlPath(stateDir));
  onTeardown(() => {
    server.close();
    expect(asked).toEqual(['GET /healthz']);
  });
  await once(server, 'listening');
  return stateDir;
}

describe('health', () => {
  test.skipIf(!hasMosquitto)(
    'a daemon that works, one that hangs, and none',
    { timeout: 60_000 },
    async () => {
      const broker = await startMosquitto();
      const recorder = await startRecorder(broker.url);
      const config = { mqtt: { url: broker.url }, accounts, log: { format: 'json' } };
      const daemon = await startDaemon({ config });
      await recorder.waitForTopic('bluelink/bridge/availability', 'online');
      expect(await healthOf(daemon.stateDir)).toEqual({ code: 0, stdout: 'ok\n', stderr: '' });

      daemon.kill('SIGSTOP');
      const hung = await healthOf(daemon.stateDir);
      daemon.kill('SIGCONT');
      expect(hung).toMatchObject({ code: 1, stdout: '' });
      expect(hung.stderr).toMatch(/^the daemon gave no answer on \S+ for 5 s\n$/);

      await daemon.stop();
      const gone = await healthOf(daemon.stateDir);
      expect(gone).toMatchObject({ code: 1, stdout: '' });
      expect(gone.stderr).toMatch(/^no daemon serves \S+\n$/);
    },
  );

  test('a broker that is away is no reason', { timeout: 60_000 }, async () => {
    const daemon = await startDaemon({
      config: { mqtt: { url: 'mqtt://127.0.0.1:9' }, accounts, log: { format: 'json' } },
    });
    await daemon.waitForLine(/the broker cannot be reached/);
    expect(await healthOf(daemon.stateDir)).toMatchObject({ code: 0, stdout: 'ok\n' });
  });

  test('every reason is told', async () => {
    const reasons = ['the event loop stood still for 6 s', 'no thread of account home answers'];
    const stateDir = await aDaemonThatSays(503, { schema: 1, ok: false, reasons });
    expect(await healthOf(stateDir)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${reasons.join('\n')}\n`,
    });
  });

  test('a daemon that does not know the question is not well', async () => {
    const refusal = { schema: 1, code: 'unknown_command', message: 'there is no such route' };
    const { code, stderr } = await healthOf(await aDaemonThatSays(404, refusal));
    expect(code).toBe(1);
    expect(stderr).toContain('of another version');
  });

  test('a configuration with a fault is told as everywhere', async () => {
    const file = join(await tempDir(), 'bluelink2mqtt.yaml');
    await writeFile(file, 'mqtt: {url: nonsense}');
    const { code, stderr } = await runProgram(['health', '--config', file]);
    expect(code).toBe(78);
    expect(stderr).toContain('mqtt.url');
  });
});
