import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { etag } from 'hono/etag';
import { getMimeType } from 'hono/utils/mime';
import type { App } from './route.js';

const folder = new URL('public/', import.meta.url);

export type DashboardFiles = ReadonlyMap<string, { body: Uint8Array<ArrayBuffer>; type: string }>;

/** The dashboard's files, which are few and small enough to be kept. */
export async function readDashboard(): Promise<DashboardFiles> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => extname(name) !== '');
  const files = await Promise.all(
    names.map(async (name) => {
      const body = new Uint8Array(await readFile(new URL(name, folder)));
      return [name, { body, type: getMimeType(name) ?? 'application/octet-stream' }] as const;
    }),
  );
  return new Map(files);
}

/** The page needs no token: it holds nothing of anybody. */
export function addDashboard(app: App, files: DashboardFiles): void {
  for (const [name, { body, type }] of files) {
    app.get(name === 'index.html' ? '/' : `/${name}`, etag(), (c) =>
      c.body(body, 200, { 'content-type': type, 'cache-control': 'no-cache' }),
    );
  }
}
