import type { Browser } from 'playwright-core';
import { SimulatedBridge, type SimulatedBridgeOptions } from '../end-to-end/simulated-bridge.js';
import { freePort } from '../support/free-port.js';
import type { Mosquitto } from '../support/mosquitto.js';
import { keepSecret } from '../support/secret-scan.js';
import { signIn, visit, type Visit } from './browser.js';

export const token = 'dashboard-token-0123456789';

export interface Served {
  readonly bridge: SimulatedBridge;
  readonly url: string;
  readonly http: { readonly port: number; readonly token: string };
}

/** The built daemon with its dashboard, on a port that it finds again after a restart. */
export async function serveDaemon(
  broker: Mosquitto,
  { config, ...options }: Omit<SimulatedBridgeOptions, 'broker'> = {},
): Promise<Served> {
  keepSecret(token);
  const http = { port: await freePort(), token };
  const bridge = await SimulatedBridge.start({ broker, ...options, config: { http, ...config } });
  await served(bridge);
  return { bridge, http, url: `http://127.0.0.1:${String(http.port)}/` };
}

export async function served(bridge: SimulatedBridge): Promise<void> {
  await bridge.daemon.waitForLine(/the dashboard and the HTTP API are served/);
}

/** Somebody who has signed in. */
export async function signedIn(browser: Browser, { url }: Served): Promise<Visit> {
  const one = await visit(browser, url);
  await signIn(one, token);
  return one;
}
