import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { serveWeb, token, type ServedWeb } from '../http/served.js';
import { onTeardown } from '../support/teardown.js';
import { ShownBridge } from './a-page.js';
import { hasChromium, signIn, startBrowser, visit } from './browser.js';

/** Everything that a page can try with an address that is not its own; each answers what it learnt. */
const attempts = `
const asText = (answer) => answer.text().then((text) => answer.type + ' ' + answer.status + ' ' + text);
const waitFor = (target, ...names) => new Promise((resolve) => {
  for (const name of names) target.addEventListener(name, (event) => resolve(name + ' ' + (event.data ?? '')));
  setTimeout(() => resolve('silence'), 4000);
});
async function attack(to) {
  const command = to + '/api/vehicles/ioniq5/commands/lock';
  const body = JSON.stringify({ value: 'unlock' });
  const include = { credentials: 'include' };
  const tries = {
    read: () => fetch(to + '/api/state', include).then(asText),
    readBlind: () => fetch(to + '/api/state', { ...include, mode: 'no-cors' }).then(asText),
    json: () => fetch(command, { ...include, method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(asText),
    blind: () => fetch(command, { ...include, method: 'POST', mode: 'no-cors', body }).then(asText),
    plain: () => fetch(command, { ...include, method: 'POST', body: new Blob([body], { type: 'text/plain' }) }).then(asText),
    empty: () => fetch(to + '/api/vehicles/ioniq5/commands/horn', { ...include, method: 'POST', mode: 'no-cors' }).then(asText),
    remove: () => fetch(to + '/api/commands/some', { ...include, method: 'DELETE' }).then(asText),
    beacon: () => Promise.resolve(String(navigator.sendBeacon(command, body))),
    events: () => waitFor(new EventSource(to + '/api/events', { withCredentials: true }), 'error', 'open', 'bridge', 'state'),
    socket: () => waitFor(new WebSocket(to.replace('http', 'ws') + '/api/events'), 'error', 'open', 'message'),
    image: () => load('img', to + '/icon.svg'),
    document: () => load('img', to + '/api/state'),
    script: () => load('script', to + '/api/state'),
    module: () => import(to + '/main.js').then(() => 'ran'),
    frame: async () => {
      const frame = document.createElement('iframe');
      frame.src = to + '/';
      document.body.append(frame);
      await waitFor(frame, 'load');
      return 'saw ' + frame.contentDocument?.body.textContent;
    },
    form: async () => {
      const frame = document.createElement('iframe');
      frame.name = 'answer';
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', action: command, target: 'answer', enctype: 'text/plain' });
      const field = document.createElement('input');
      Object.assign(field, { name: '{"value":"unlock","id":"', value: '"}' });
      form.append(field);
      document.body.append(frame, form);
      form.submit();
      await waitFor(frame, 'load');
      return 'saw ' + frame.contentDocument?.body.textContent;
    },
  };
  const learnt = {};
  for (const [name, attempt] of Object.entries(tries)) {
    learnt[name] = await attempt().catch((error) => 'refused ' + error.name);
  }
  return learnt;
}
function load(tag, src) {
  const element = document.createElement(tag);
  const end = waitFor(element, 'load', 'error');
  element.src = src;
  document.body.append(element);
  return end;
}`;

/** A server of somebody else, with a page that may do whatever it likes. */
async function startOther(): Promise<number> {
  const server = createServer((_request, response) => {
    response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><title>other</title><body>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTeardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe.skipIf(!hasChromium)(
  'a page of another origin, in the browser of somebody who is signed in',
  () => {
    let browser: Browser;
    let other: number;

    beforeAll(async () => {
      other = await startOther();
      // Whoever owns a name can let it point at this machine.
      browser = await startBrowser(['--host-resolver-rules=MAP *.example 127.0.0.1']);
    });

    async function signedIn(): Promise<{
      served: ServedWeb;
      context: BrowserContext;
      home: string;
    }> {
      const served = await serveWeb({ token }, new ShownBridge());
      const home = `http://127.0.0.1:${String(served.port)}`;
      const person = await visit(browser, `${home}/`);
      await signIn(person, token);
      // Their own page can do what the others try.
      const own = await person.page.evaluate<number>(
        "fetch('api/vehicles/ioniq5/commands/lock', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{\"value\":\"lock\"}' }).then(({ status }) => status)",
      );
      expect(own).toBe(202);
      expect(served.bridge.asked.filter((one) => one.includes('lock'))).toHaveLength(1);
      served.bridge.asked.length = 0;
      return { served, context: person.page.context(), home };
    }

    test.each([
      [
        'of another port of the same address',
        (port: number) => `http://127.0.0.1:${String(port)}/`,
      ],
      ['of another name of this machine', (port: number) => `http://localhost:${String(port)}/`],
      ['of another site', (port: number) => `http://other.example:${String(port)}/`],
    ])('%s: it learns nothing and changes nothing', async (_name, addressOf) => {
      const { served, context, home } = await signedIn();
      const page = await context.newPage();
      await page.goto(addressOf(other));
      const before = served.bridge.asked.length;
      const learnt = await page.evaluate<Record<string, string>>(`${attempts}; attack('${home}')`);
      expect(learnt).toEqual({
        read: 'refused TypeError',
        readBlind: expect.stringMatching(/^(opaque 0 $|refused)/) as string,
        json: 'refused TypeError',
        blind: expect.stringMatching(/^(opaque 0 $|refused)/) as string,
        plain: 'refused TypeError',
        empty: expect.stringMatching(/^(opaque 0 $|refused)/) as string,
        remove: 'refused TypeError',
        beacon: 'true',
        events: 'error ',
        socket: 'error ',
        image: 'error ',
        document: 'error ',
        script: 'error ',
        module: 'refused TypeError',
        frame: 'saw undefined',
        form: 'saw undefined',
      });
      const asked = served.bridge.asked.slice(before).filter((one) => !one.startsWith('commands '));
      expect(asked).toEqual([]);
    });

    test('a name of theirs that points here: nothing is answered to it, the page neither', async () => {
      const { served, context } = await signedIn();
      const page = await context.newPage();
      const forged = `http://rebound.example:${String(served.port)}`;
      const answer = await page.goto(`${forged}/`);
      expect(answer?.status()).toBe(403);
      const learnt = await page.evaluate<string[]>(`Promise.all(
      ['/api/state', '/api/session', '/api/vehicles', '/main.js'].map((path) =>
        fetch(path).then(({ status }) => String(status)))
      .concat(fetch('/api/vehicles/ioniq5/commands/lock', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"value":"unlock"}' }).then(({ status }) => String(status))))`);
      expect(learnt).toEqual(['403', '403', '403', '403', '403']);
      expect(served.bridge.asked.filter((one) => one.includes('lock'))).toEqual([]);
    });
  },
);
