import { createHash } from 'node:crypto';
import { z } from 'zod';
import { beliefSchema } from '../vehicle/effect.js';
import { failureSchema } from '../vehicle/outcome.js';
import type { KnownVehicle } from '../vehicle/known-vehicle.js';
import type { LastReading } from '../vehicle/state-document.js';
import { setPointsSchema, type SetPoints } from '../vehicle/set-points.js';
import { vehicleReportSchema } from '../vehicle/state.js';
import {
  challengeSchema,
  deviceSchema,
  listedVehicleSchema,
  sessionSchema,
} from '../vehicle/task.js';
import { createJournal } from './journal.js';
import { readAllAs, readAs } from './read-as.js';
import type { Store, Write } from './store.js';
import { createTripStore } from './trip-store.js';

const blockedSchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('refused'), reason: failureSchema }),
  z.object({
    is: z.literal('otp_required'),
    reason: failureSchema,
    challenge: challengeSchema.nullable().default(null),
  }),
]);

/** What was added later has a default: a session that an older version kept stays of use. */
const keptSessionSchema = z.object({
  session: sessionSchema.nullable(),
  generation: z.number(),
  expires_at: z.iso.datetime().nullable().default(null),
  listed_at: z.number().default(0),
  device: deviceSchema.nullable().default(null),
  refusals: z.number(),
  tries: z.number().default(0),
  next_try_at: z.number().default(0),
  pause_ms: z.number().default(0),
  blocked: blockedSchema.nullable(),
  /** A block holds only as long as the credentials are the same. */
  credentials: z.string(),
  /** The session itself only as long as it is the same account of the same vendor. */
  identity: z.string(),
});

const vehiclesSchema = z.array(
  z.object({
    topic_id: z.string(),
    listed: listedVehicleSchema,
    name: z.string().nullable(),
    enabled: z.boolean(),
    // What was added later has a default; a car that is still gone is found so by the next list.
    gone_at: z.number().nullable().default(null),
    identity: z.string().nullable().default(null),
    told: z.array(z.string()).readonly().default([]),
  }),
);

const readingSchema = z.object({
  report: vehicleReportSchema,
  polled_at: z.iso.datetime(),
  source: z.enum(['cached', 'force']),
  commanded: z.array(beliefSchema).exactOptional(),
});

/** What was added later has a default. */
const usageSchema = z.object({
  day: z.string(),
  used: z.number(),
  polled: z.number().default(0),
  blocked_until: z.number().nullable().default(null),
  refusals: z.number().default(0),
});

const wakeSchema = z.object({
  woken_at: z.number().nullable(),
  aux: z.object({ level: z.number(), at: z.number().nullable() }).nullable(),
});

export type StoredSession = z.infer<typeof keptSessionSchema>;
type Usage = z.infer<typeof usageSchema>;
type WakeRecord = z.infer<typeof wakeSchema>;

/** Tells other credentials from those a kept session belongs to, without keeping them. */
export function markOf(account: string, words: string): string {
  return createHash('sha256').update(`${account}\0${words}`).digest('hex');
}

type KindOfCar = 'reading' | 'set-points' | 'wake';

/** What one account keeps in the store; every key begins with the account. */
export function createAccountStore(store: Store, account: string) {
  const prefix = `account/${account}/`;
  const keyOf = (kind: KindOfCar, vehicle: string) => `${prefix}${kind}/${vehicle}`;

  /** What is kept of each car, by its vendor id. */
  const ofCars = <T>(kind: KindOfCar, schema: z.ZodType<T>): Promise<Map<string, T>> =>
    readAllAs(store, keyOf(kind, ''), schema);

  return {
    journal: createJournal(store, prefix),

    session: () => readAs(store, `${prefix}session`, keptSessionSchema),
    putSession: (session: StoredSession): Promise<void> => store.put(`${prefix}session`, session),

    vehicles: () => readAs(store, `${prefix}vehicles`, vehiclesSchema),
    putVehicles: (vehicles: readonly KnownVehicle[]): Promise<void> =>
      store.put(`${prefix}vehicles`, vehicles),

    readings: (): Promise<Map<string, LastReading>> => ofCars('reading', readingSchema),
    putReading: (vehicle: string, reading: LastReading): Promise<void> =>
      store.put(keyOf('reading', vehicle), reading),

    setPoints: (): Promise<Map<string, SetPoints>> => ofCars('set-points', setPointsSchema),
    putSetPoints: (vehicle: string, points: SetPoints): Promise<void> =>
      store.put(keyOf('set-points', vehicle), points),

    /** What its cars have driven. */
    trips: createTripStore(store, account),

    /** When each car was last woken, and the charge of its 12 V battery. */
    wakes: (): Promise<Map<string, WakeRecord>> => ofCars('wake', wakeSchema),
    wakeWrite: (vehicle: string, record: WakeRecord): Write => ({
      type: 'put',
      key: keyOf('wake', vehicle),
      value: record,
    }),
    putWakeLater: (vehicle: string, record: WakeRecord): void => {
      store.later([{ type: 'put', key: keyOf('wake', vehicle), value: record }]);
    },

    usage: () => readAs(store, `${prefix}usage`, usageSchema),
    putUsage: (usage: Usage): Promise<void> => store.put(`${prefix}usage`, usage),
    putUsageLater: (usage: Usage): void => {
      store.later([{ type: 'put', key: `${prefix}usage`, value: usage }]);
    },
  };
}

export type AccountStore = ReturnType<typeof createAccountStore>;
