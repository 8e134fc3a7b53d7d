import { z } from 'zod';
import type { RemoteCommand } from './remote-command.js';

const text = z.string({ error: 'text' });

function degrees(most: number) {
  const error = `degrees from ${String(-most)} to ${String(most)}`;
  return z.number({ error }).min(-most, { error }).max(most, { error });
}

const poi = z.strictObject(
  { name: text, latitude: degrees(90), longitude: degrees(180), address: text },
  { error: 'object with name, latitude, longitude and address' },
);

const pois = z.array(poi, { error: 'list of places' }).min(1, { error: 'at least one place' });

export const navigationFields = z
  .strictObject({ pois })
  .transform((fields): RemoteCommand => ({ name: 'navigation', ...fields }));
