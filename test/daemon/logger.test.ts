import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLogger, flushLogger } from '../../src/daemon/logger.js';
import type { Logger, LoggerOptions } from '../../src/daemon/logger.js';
import { KnownSecrets, redactByKey } from '../../src/daemon/redaction.js';

function collecting(options: Partial<LoggerOptions> = {}): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = createLogger(
    { level: 'trace', format: 'json', ...options },
    { write: (line) => void lines.push(line) },
  );
  return { log, lines };
}

const parsed = (line: string | undefined) => JSON.parse(line ?? 'null') as Record<string, unknown>;

describe('a log line', () => {
  test('is one JSON object with the level in words, an ISO time, the context and the text', () => {
    const { log, lines } = collecting();
    log.child({ account: 'home' }).info({ command: 'lock' }, 'command finished');
    expect(parsed(lines[0])).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      account: 'home',
      command: 'lock',
      msg: 'command finished',
    });
  });

  test('below the level is not written', () => {
    const { log, lines } = collecting({ level: 'warn' });
    log.info('quiet');
    log.warn('loud');
    expect(lines).toHaveLength(1);
  });

  test('keeps the code of a failure and hides a one-time code', () => {
    const { log, lines } = collecting();
    log.info({ code: 'breaker_open', attempt: { code: '123456' }, exit: { code: 78 } }, 'x');
    expect(parsed(lines[0])).toMatchObject({
      code: 'breaker_open',
      attempt: { code: '[redacted]' },
      exit: { code: 78 },
    });
  });

  test('shows an error with its cause and without the secrets it carries', () => {
    const { log, lines } = collecting();
    const cause = Object.assign(new Error('inner'), {
      response: { access_token: 'hunter2hunter2' },
    });
    log.error({ err: new TypeError('outer', { cause }) }, 'failed');
    expect(parsed(lines[0])).toMatchObject({
      err: {
        type: 'TypeError',
        message: 'outer',
        cause: { message: 'inner', response: { access_token: '[redacted]' } },
      },
    });
    expect(lines.join('')).not.toContain('hunter2');
  });

  test('hides secrets in the bindings of a child', () => {
    const { log, lines } = collecting();
    log.child({ session: { sid: 'hunter2' }, code: '424242' }).info('x');
    expect(lines.join('')).not.toMatch(/hunter2|424242/);
  });

  test('hides a known secret in any text, in forms of a query, and after Bearer', () => {
    const secrets = new KnownSecrets();
    const { log, lines } = collecting({ secrets });
    secrets.add('pass"wörd 1');
    log.warn(
      { url: 'https://x/?username=a&password=other&x=1' },
      'sent pass"wörd 1, Bearer abc.def',
    );
    log.warn(`form ${new URLSearchParams({ p: 'pass"wörd 1' }).toString()}`);
    expect(lines.join('')).not.toMatch(/wörd|w%C3%B6rd|other|abc\.def/);
    expect(parsed(lines[0])).toMatchObject({
      url: 'https://x/?username=a&password=[redacted]&x=1',
    });
  });

  test('survives what refers to itself', () => {
    const { log, lines } = collecting();
    const circle: Record<string, unknown> = { name: 'x' };
    circle['self'] = circle;
    log.info({ circle }, 'x');
    expect(lines).toHaveLength(1);
  });
});

test('no value under a secret key is left, however deep it stands', () => {
  const keys = [
    'password',
    'PIN',
    'token',
    'refresh_token',
    'accessToken',
    'sid',
    'session',
    'Set-Cookie',
  ];
  const secretTree = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(...keys).map((key) => ({ [key]: 'hunter2' })),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('tree'), { maxKeys: 3 }),
    ),
  })).tree;
  fc.assert(
    fc.property(secretTree, (tree) => {
      expect(JSON.stringify({ tree: redactByKey(tree) })).not.toContain('hunter2');
    }),
  );
});

test('what carries no secret is left as it is', () => {
  const harmless = fc.dictionary(
    fc.constantFrom('a', 'value', 'status', 'code_of_conduct', 'session_expires_at'),
    fc.jsonValue({ maxDepth: 2 }),
  );
  fc.assert(
    fc.property(harmless, (fields) => {
      const tree: unknown = JSON.parse(JSON.stringify(fields));
      expect(redactByKey(tree)).toEqual(tree);
    }),
  );
  const sample = { soc: 80, doors: [true, null], command: { code: 'timeout' } };
  expect(redactByKey(sample)).toEqual(sample);
});

const built = new URL('../../src/daemon/logger.ts', import.meta.url).href;

/** Runs a program that logs in a process of its own, where standard output is a real pipe. */
async function outputOf(body: string): Promise<string> {
  const program = `const { createLogger, flushLogger } = await import(${JSON.stringify(built)}); ${body}`;
  const child = spawn(
    process.execPath,
    [
      '--import',
      new URL('../../scripts/register-typescript.mjs', import.meta.url).href,
      '--input-type=module',
      '-e',
      program,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  await once(child, 'close');
  return output;
}

test('flushing writes all lines before the process ends', async () => {
  const output = await outputOf(`
    const log = createLogger({ level: 'info', format: 'json' });
    for (let n = 0; n < 500; n += 1) log.info({ n }, 'line');
    await flushLogger(log);
    process.kill(process.pid, 'SIGKILL');`);
  expect(output.trimEnd().split('\n')).toHaveLength(500);
});

test('auto is JSON where standard output is no terminal', async () => {
  const output = await outputOf(`createLogger({ level: 'info', format: 'auto' }).info('hello');`);
  expect(parsed(output)).toMatchObject({ msg: 'hello' });
});

test('pretty is text for people, written by a thread', async () => {
  const output = await outputOf(`
    const log = createLogger({ level: 'info', format: 'pretty' });
    log.info({ vehicle: 'ioniq5', password: 'hunter2' }, 'hello');
    await flushLogger(log);`);
  expect(output).toMatch(/INFO.*hello/);
  expect(output).not.toContain('hunter2');
});

test('flushing returns when the destination has nothing to flush', async () => {
  const { log } = collecting();
  await expect(flushLogger(log)).resolves.toBeUndefined();
});
