import { BlockList, isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

const loopbackNames = ['localhost', '127.0.0.1', '::1'];
const wildcards = ['0.0.0.0', '::'];

/** The names under which this bridge may be asked, as browsers write them. */
export function namesOf(host: string, allowed: readonly string[]): ReadonlySet<string> {
  const own = wildcards.includes(host) ? [] : [host];
  return new Set([...loopbackNames, ...own, ...allowed].map(asInUrl));
}

/** What the request says that we are called, with its port and without. */
export function hostOf(c: Context): { readonly full: string; readonly name: string } {
  const full = c.req.header('host')?.toLowerCase() ?? '';
  return { full, name: full.replace(/:\d+$/, '') };
}

/**
 * No page at all (a program), or one that came from here. A page of another port of this host is another one. A link
 * from elsewhere may lead to the dashboard, and to nothing else.
 */
export function isOwnPage(c: Context, host: string | undefined): boolean {
  const site = c.req.header('sec-fetch-site');
  const isFollowedLink =
    isReading(c) && c.req.path === '/' && c.req.header('sec-fetch-mode') === 'navigate';
  if (site !== undefined && !['same-origin', 'none'].includes(site) && !isFollowedLink) {
    return false;
  }
  const origin = c.req.header('origin');
  if (origin === undefined || host === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

export function isReading(c: Context): boolean {
  return c.req.method === 'GET' || c.req.method === 'HEAD';
}

/** Of the connection itself: what a header says of it anybody can write. */
export function addressOf(c: Context): string {
  const { address = '' } = getConnInfo(c).remote;
  return address.replace(/^::ffff:(?=\d)/, '');
}

/** Whose limit it counts against: a home has a whole IPv6 network (/64), not one address. */
export function limitedAs(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = [], tail = []] = address
    .replace(/%.*$/, '')
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}

/** Whether an address is one of these, or in one of these networks. */
export function matcher(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = familyOf(address);
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function asInUrl(host: string): string {
  const text = `http://${isIP(host) === 6 ? `[${host}]` : host}`;
  return URL.canParse(text) ? new URL(text).hostname : host.toLowerCase();
}
