import { z } from 'zod';
import { accountReportSchema } from '../http/account-report.js';
import type { AccountReport, BridgeApi, VehicleDocuments } from '../http/bridge-api.js';
import { auditEntrySchema, type AuditPage, type AuditQuery } from '../vehicle/audit-entry.js';
import { lifeCycleEventSchema, statuses, type LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { CallMethod } from './call-wire.js';
import type { InstanceCalls } from './instance-calls.js';

/** Another release may say more of them: they are passed on as they are. */
const event = z.looseObject(lifeCycleEventSchema.shape);
const report = z.looseObject(accountReportSchema.unwrap().shape);
const carSchema = z.looseObject({
  vehicle: z.string(),
  available: z.boolean(),
  info: z.looseObject({ id: z.string(), account: z.string() }),
  state: z.looseObject({}).nullable(),
});
const car = z.custom<VehicleDocuments>((value) => carSchema.safeParse(value).success);

/** A part of a list in the order of its keys, and where it goes on: a long one does not go into one message. */
export interface Part<T> {
  readonly items: readonly T[];
  /** null at the end. */
  readonly next: string | null;
}

const behind = z.object({ after: z.string().nullable() });
export type Behind = z.infer<typeof behind>;

function partOf<T>(item: z.ZodType<T>): z.ZodType<Part<T>> {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

const carParts = {
  name: 'api.vehicles',
  params: behind,
  result: partOf(car),
} satisfies CallMethod<Behind, Part<VehicleDocuments>>;

const oneCar = {
  name: 'api.vehicle',
  params: z.object({ id: z.string() }),
  result: car.optional(),
} satisfies CallMethod<{ id: string }, VehicleDocuments | undefined>;

const accountParts = {
  name: 'api.accounts',
  params: behind,
  result: partOf(report),
} satisfies CallMethod<Behind, Part<AccountReport>>;

const byName = z.object({ account: z.string() });
type ByName = z.infer<typeof byName>;
type OneAccount = CallMethod<ByName, AccountReport | undefined>;

const account: OneAccount = {
  name: 'api.account',
  params: byName,
  result: report.optional(),
};
const login: OneAccount = { ...account, name: 'api.login' };
const list: OneAccount = { ...account, name: 'api.list' };

const state = {
  name: 'api.state',
  params: z.null(),
  result: z.unknown(),
} satisfies CallMethod<null, unknown>;

const commandParams = z.object({
  target: z.string(),
  name: z.string(),
  payload_base64: z.base64(),
});

const command = {
  name: 'api.command',
  params: commandParams,
  result: event,
} satisfies CallMethod<z.infer<typeof commandParams>, LifeCycleEvent>;

const events = {
  name: 'api.events',
  params: z.object({ id: z.string() }),
  result: z.array(event).optional(),
} satisfies CallMethod<{ id: string }, LifeCycleEvent[] | undefined>;

const auditQuery: z.ZodType<AuditQuery> = z.object({
  limit: z.number().int().positive(),
  cursor: z.string().exactOptional(),
  status: z.enum(statuses).exactOptional(),
  vehicle: z.string().exactOptional(),
  id: z.string().exactOptional(),
  since: z.number().exactOptional(),
});

const commands: CallMethod<AuditQuery, AuditPage> = {
  name: 'api.commands',
  params: auditQuery,
  result: z.object({
    commands: z.array(z.looseObject(auditEntrySchema.shape)),
    cursor: z.string().nullable(),
  }),
};

/** What an instance tells the others of itself, and does for them. */
export const apiMethods = {
  ...{ carParts, oneCar, accountParts, account, login, list },
  ...{ state, command, events, commands },
};

const partSize = 100;

/** Answers for the accounts of this instance alone, wherever the question was asked. */
export function serveBridgeApi(calls: InstanceCalls, local: BridgeApi): void {
  calls.serve(carParts, async ({ after }) =>
    partBehind(after, await local.vehicles(), ({ vehicle }) => vehicle),
  );
  calls.serve(oneCar, ({ id }) => local.vehicle(id));
  calls.serve(accountParts, async ({ after }) =>
    partBehind(after, await local.accounts(), ({ name }) => name),
  );
  calls.serve(account, (params) => local.account(params.account));
  calls.serve(login, (params) => local.login(params.account));
  calls.serve(list, (params) => local.list(params.account));
  calls.serve(state, () => local.state());
  calls.serve(command, ({ target, name, payload_base64 }) =>
    local.command(target, name, Buffer.from(payload_base64, 'base64')),
  );
  calls.serve(events, async ({ id }) => {
    const found = await local.events(id);
    return found && [...found];
  });
  calls.serve(commands, (query) => local.commands(query));
}

function partBehind<T>(
  after: string | null,
  items: readonly T[],
  keyOf: (item: T) => string,
): Part<T> {
  const sorted = items
    .filter((item) => after === null || keyOf(item) > after)
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const part = sorted.slice(0, partSize);
  const last = part.at(-1);
  return { items: part, next: sorted.length > partSize && last ? keyOf(last) : null };
}
