import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { controlPath } from '../../src/http/control-path.js';
import type { Daemon } from '../support/daemon.js';

/** What Prometheus would read. */
export async function scrape({ daemon }: { readonly daemon: Daemon }): Promise<Scrape> {
  const socketPath = controlPath(daemon.stateDir);
  const asked = request({ socketPath, path: '/metrics', agent: false });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  return new Scrape(await text(response));
}

export class Scrape {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** NaN: there is no such series. */
  value(series: string): number {
    const line = this.text.split('\n').find((one) => one.startsWith(`bluelink2mqtt_${series} `));
    return Number(line?.split(' ').at(-1) ?? NaN);
  }
}
