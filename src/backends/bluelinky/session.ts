import { z } from 'zod';
import type { Session } from '../../vehicle/task.js';
import type { LibraryClient } from './library.js';

/** What is kept of bluelinky's session: enough to go on in any thread or process without a sign-in. */
const keptSchema = z.object({
  version: z.literal(1),
  accessToken: z.string().min(1),
  refreshToken: z.string().min(1),
  /** Epoch seconds. */
  tokenExpiresAt: z.number(),
  /** The mark of a PIN that the vendor has refused. */
  refusedPin: z.string().optional(),
});

export type KeptSession = z.infer<typeof keptSchema>;

export function readSession(session: Session | null): KeptSession | undefined {
  return keptSchema.safeParse(session).data;
}

/** The client's session as it is now; undefined where it has none that can be used. */
export function sessionOf(client: LibraryClient): KeptSession | undefined {
  return keptSchema.safeParse({ ...client.getSession(), version: 1 }).data;
}

export function putSession(client: LibraryClient, { version: _, ...session }: KeptSession): void {
  Object.assign(client.getSession(), session);
}

/** A token that ends within a call would be renewed there, by two threads at once with one refresh token. */
const margin_s = 60;

export function isExpired({ tokenExpiresAt }: KeptSession): boolean {
  return tokenExpiresAt - Date.now() / 1000 < margin_s;
}
