import { createHash } from 'node:crypto';
import type { Capabilities } from '../../vehicle/capability.js';
import { commandLimits } from '../../vehicle/command-limits.js';
import { failure, type Failure } from '../../vehicle/outcome.js';
import type { ClimateStart, RemoteAction } from '../../vehicle/remote-action.js';
import { NetworkError, ReplyError, type Reply } from './http-watch.js';
import type { ClimateOptions, LibraryVehicle } from './library.js';
import type { CarFacts } from './report.js';
import type { BluelinkySettings } from './settings.js';

const flag = { values: [true, false] };

/**
 * What works with the library's version 9: it starts engines, but no electric car's climate, sends charging to another
 * region's address, and has no more than that.
 */
export function capabilitiesOf({ drivetrain }: CarFacts): Capabilities {
  const hasEngine = drivetrain !== null && drivetrain !== 'ev';
  return {
    lock: { values: ['lock', 'unlock'] },
    ...(hasEngine && {
      climate: {
        values: ['start', 'stop'],
        fields: {
          temperature: { min: 62, max: 82, step: 1, unit: '°F' },
          duration: commandLimits.climate_duration,
          defrost: flag,
          heating: { values: ['off', 'all'] },
        },
      },
    }),
  };
}

/** The library's call for an action; undefined where it has none that works for this car. */
export function callFor(
  action: RemoteAction,
  facts: CarFacts,
): ((vehicle: LibraryVehicle) => Promise<unknown>) | undefined {
  if (action.name === 'lock') {
    return (vehicle) => (action.value === 'lock' ? vehicle.lock() : vehicle.unlock());
  }
  if (capabilitiesOf(facts).climate === undefined) return undefined;
  if (action.name === 'climate_stop') return (vehicle) => vehicle.stop();
  if (action.name !== 'climate_start') return undefined;
  const options = optionsOf(action);
  return options && ((vehicle) => vehicle.start(options));
}

const normal_f = 70;

/** Undefined for what the library cannot say: it knows Fahrenheit and all heaters at once. */
function optionsOf(action: ClimateStart): ClimateOptions | undefined {
  const { temperature, unit, duration_min, defrost, heating, steering_wheel, seats } = action;
  const isMore = steering_wheel !== null || Object.values(seats).some((level) => level !== null);
  if (isMore || !['off', 'all'].includes(heating)) return undefined;
  if (temperature !== null && unit !== 'F') return undefined;
  return {
    hvac: true,
    temperature: temperature ?? normal_f,
    duration: duration_min,
    defrost,
    heatedFeatures: heating === 'all',
  };
}

/** The vendor takes a command without a word; a limit that is reached may come with the status of a success. */
export function isTaken(reply: Reply | undefined): boolean {
  return reply?.status === 200 && reply.body === '';
}

/** A PIN by its mark: a refused one is not sent again with a command, because the vendor locks it. */
export function pinMark({ username, pin }: BluelinkySettings): string {
  return createHash('sha256')
    .update(`${username}\0${pin ?? ''}`)
    .digest('hex');
}

export function pinTrouble(
  settings: BluelinkySettings,
  refusedPin: string | undefined,
): Failure | undefined {
  const message =
    settings.pin === null
      ? 'there is no PIN in the configuration'
      : refusedPin === pinMark(settings)
        ? 'the vendor has refused this PIN; it is not sent again'
        : undefined;
  return message === undefined ? undefined : failure('pin_rejected', message, { sent: false });
}

const refusals: readonly Failure['code'][] = [
  'rate_limited',
  'unsupported',
  'pin_rejected',
  'auth_failed',
];

/** What a failure says of a command: known to be not done, or unknown. `isSent`: its own request has left. */
export function ofCommand(why: Failure, error: unknown, isSent: boolean): Failure {
  const neverConnected = error instanceof NetworkError && why.sent === false;
  if (!isSent || neverConnected) return notDone(why, false);
  if (refusals.includes(why.code)) return notDone(why, why.sent ?? true);
  if (error instanceof ReplyError && error.reply.status < 500) {
    // A page is of a firewall before the vendor.
    return typeof error.reply.body === 'object'
      ? failure('vehicle_refused', why.message, { sent: true })
      : notDone(why, true);
  }
  return { ...why, sent: true, outcome: 'unknown' };
}

function notDone({ outcome: _, ...why }: Failure, sent: boolean): Failure {
  return { ...why, sent };
}
