import { vi } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';
import type { ForVehicle } from '../../src/dispatch/admissions.js';
import type { Write } from '../../src/store/store.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { RemoteAction } from '../../src/vehicle/remote-action.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { LastReading } from '../../src/vehicle/state-document.js';
import type { StateDocument, VehicleReport } from '../../src/vehicle/state.js';
import type { ActionStatus, FollowUp, Outcome } from '../../src/vehicle/task.js';
import { anAccount, type AccountOptions, type AnAccount, type LeftCall } from './an-account.js';
import { settle } from './fake-clock.js';

const second = 1000;

/** What an electric car reports, as of so many seconds from now. */
export function aReport(
  clock: Clock,
  change: (report: VehicleReport) => void = () => undefined,
  age_s = 3600,
): VehicleReport {
  const at = clock.now() - age_s * second;
  const report = SimulatedCar.create({ index: 0, seed: 1 }, { now: () => at }).report();
  report.reported_at = new Date(at).toISOString();
  report.lock.state = 'locked';
  report.climate.mode = 'off';
  report.ev.limit_ac = 80;
  report.ev.limit_dc = 90;
  change(report);
  return report;
}

export function reading(clock: Clock, report: VehicleReport): Outcome & { ok: true } {
  const polled_at = new Date(clock.now()).toISOString();
  return { ok: true, result: { operation: 'cached', report, polled_at }, requests: 1 };
}

/** The vendor took it. */
export function taken(
  follow_up: Partial<FollowUp> | null = {},
  rest?: RemoteAction,
): Outcome & { ok: true } {
  const asked: FollowUp = { action_id: 'act-1', every_s: 5, succeeded_means: 'done' };
  const result = {
    operation: 'command',
    action_id: follow_up === null ? null : 'act-1',
    follow_up: follow_up === null ? null : { ...asked, ...follow_up },
    ...(rest === undefined ? {} : { rest }),
  } as const;
  return { ok: true, result, requests: 1 };
}

export function said(status: ActionStatus): Outcome & { ok: true } {
  return { ok: true, result: { operation: 'action_status', status }, requests: 1 };
}

export interface RemoteCarOptions extends AccountOptions {
  readonly report?: VehicleReport;
}

/** An account whose car may be told everything, and what a test does with it. */
export function aRemoteCar(clock: Clock, options: RemoteCarOptions = {}) {
  const report = options.report ?? aReport(clock);
  const held: LastReading = {
    report,
    polled_at: new Date(clock.now() - 1800 * second).toISOString(),
    source: 'cached',
  };
  const names = ['car', 'one', 'two'];
  const account: AnAccount = anAccount(clock, {
    allow: [everything],
    readings: new Map(names.map((name) => [name, held])),
    ...options,
  });

  const command = async (
    name: string,
    payload: string | Record<string, unknown>,
    more: Partial<ForVehicle<Write>> = {},
  ): Promise<void> => {
    await account.send(payload, { name, ...more });
    await settle();
  };

  const left = (operation = 'command'): LeftCall[] =>
    account.left.filter(({ task }) => task.operation === operation);

  return {
    ...account,
    command,
    /** Calls of this kind that are under way. */
    under: left,
    /** Ends the only call of this kind that is under way. */
    end: async (outcome: Outcome, operation = 'command'): Promise<void> => {
      const calls = left(operation);
      const [only] = calls;
      if (only === undefined || calls.length > 1) {
        throw new Error(`${String(calls.length)} calls of ${operation} are under way`);
      }
      await only.end(outcome);
    },
    events: (id: string): LifeCycleEvent[] => account.said.filter((event) => event.id === id),
    /** Its steps in short: status, code, who confirmed it. */
    story: (id: string): string[] =>
      account.said
        .filter((event) => event.id === id)
        .map(({ status, code, confirmed_by, outcome }) =>
          [status, code, confirmed_by, outcome].filter((one) => one !== undefined).join(' '),
        ),
    /** The newest document of the car, when all has been gathered that shows in one. */
    state: async (): Promise<StateDocument> => {
      await vi.advanceTimersByTimeAsync(20);
      const document = account.documents.findLast(({ id }) => id === 'car');
      if (document === undefined) throw new Error('nothing was published of the car');
      return document;
    },
  };
}

export type ARemoteCar = ReturnType<typeof aRemoteCar>;

/** Every command with every guarded value. */
export const everything = [
  ...['refresh', 'lock', 'lock:unlock', 'climate', 'climate:start', 'climate_temperature'],
  ...['climate_duration', 'climate_defrost', 'charge', 'charge_limit_ac', 'charge_limit_dc'],
  ...['charge_limits', 'charging_current', 'charge_port', 'windows', 'windows:open', 'lights'],
  ...['horn', 'valet_mode', 'valet_mode:stop', 'v2l_limit', 'schedule', 'navigation', 'trips'],
  ...['climate_seat_front_left', 'climate_seat_front_right', 'climate_seat_rear_left'],
  'climate_seat_rear_right',
];
