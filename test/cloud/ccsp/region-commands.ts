import { z } from 'zod';
import type { CarCommand } from '../../../src/vehicle/simulated-command.js';
import { heats } from '../command-words.js';
import {
  type PlatformCommand,
  type PlatformCommands,
  heating1,
  platformCommands,
  reader,
  seatLevel,
  seatsOf,
  stopClimate,
  tempCode,
} from '../platform-commands.js';

const deviceId = z.string().min(1);
const everyCar = () => true;

function portDoor(
  device: 'deviceId' | 'deviceID',
  opensWith: PlatformCommand['opensWith'] = 'pin',
): PlatformCommands {
  const body = z
    .strictObject({ action: z.enum(['open', 'close']), [device]: deviceId })
    .transform(({ action }) => ({ name: 'charge_port', value: action }) as CarCommand);
  return { 'v2 control/portdoor': { opensWith, isFor: everyCar, read: reader(body) } };
}

/** Where the climate is a remote start: begun with the session, stopped with the PIN. */
function remoteStart(igniOnDuration: z.ZodType<number | undefined>): PlatformCommands {
  const start = z
    .strictObject({
      action: z.literal('start'),
      hvacType: z.literal(1),
      options: z.strictObject({ defrost: z.boolean(), heating1, igniOnDuration }),
      tempCode,
      unit: z.literal('C'),
    })
    .transform(({ options, ...body }): CarCommand => ({
      name: 'climate',
      value: 'start',
      target_c: 14 + Number.parseInt(body.tempCode, 16) / 2,
      ...(options.igniOnDuration !== undefined && { duration_min: options.igniOnDuration }),
      defrost: options.defrost,
      ...heats(options.heating1),
    }));
  const stop = z.strictObject({ action: z.literal('stop') }).transform(() => stopClimate);
  return {
    'v1 control/engine': { opensWith: 'session', isFor: everyCar, read: reader(start) },
    'v2 control/engine': { opensWith: 'pin', isFor: everyCar, read: reader(stop) },
  };
}

const duration = z.int().min(1).max(30);

/** The platform's commands but for the climate. */
function withoutClimate(): PlatformCommands {
  const all = Object.entries(platformCommands({ coldest_c: 14 }));
  return Object.fromEntries(all.filter(([path]) => !path.endsWith('control/temperature')));
}

export const australianCommands: PlatformCommands = {
  ...platformCommands({ coldest_c: 17 }),
  ...portDoor('deviceId'),
};

export const indianCommands: PlatformCommands = {
  ...withoutClimate(),
  ...remoteStart(duration),
  ...portDoor('deviceID'),
};

export const chineseCommands: PlatformCommands = {
  ...withoutClimate(),
  ...remoteStart(z.never().optional()),
  ...portDoor('deviceId', 'session'),
};

const brazilianStart = z
  .strictObject({
    action: z.literal('start'),
    deviceId,
    hvacType: z.literal(1),
    options: z.strictObject({
      airCtrl: z.literal([0, 1]),
      heating1,
      seatHeaterVentCMD: z.strictObject({ drvSeatOptCmd: seatLevel }),
      defrost: z.boolean(),
      igniOnDuration: duration,
    }),
    tempCode,
    unit: z.literal('C'),
  })
  .transform(({ options, ...body }): CarCommand => {
    const { drvSeatOptCmd: driver } = options.seatHeaterVentCMD;
    return {
      name: 'climate',
      value: 'start',
      // Whole degrees, and not counted from the coldest one.
      target_c: Number.parseInt(body.tempCode, 16),
      duration_min: options.igniOnDuration,
      defrost: options.defrost,
      ...heats(options.heating1),
      seats: seatsOf('L', { driver, passenger: null, rear_left: null, rear_right: null }),
    };
  });

/** Brazil takes four kinds, all of them with the PIN's token. */
function brazilian(body: z.ZodType<CarCommand>): PlatformCommand {
  return { opensWith: 'pin', isFor: everyCar, read: reader(body) };
}

function brazilianSwitch(open: CarCommand, close: CarCommand): PlatformCommand {
  const body = z.strictObject({ action: z.enum(['open', 'close']), deviceId });
  return brazilian(body.transform(({ action }) => (action === 'open' ? open : close)));
}

const allWindows = (position: 'open' | 'close'): CarCommand => ({
  name: 'windows',
  windows: {
    front_left: position,
    front_right: position,
    rear_left: position,
    rear_right: position,
  },
});

const brazilianStop = z
  .strictObject({ action: z.literal('stop'), deviceId })
  .transform(() => stopClimate);

export const brazilianCommands: PlatformCommands = {
  'v2 control/door': brazilianSwitch(
    { name: 'lock', value: 'unlock' },
    { name: 'lock', value: 'lock' },
  ),
  'v2 control/window': brazilianSwitch(allWindows('open'), allWindows('close')),
  // There is no body.
  'v2 control/light': brazilian(z.literal('').transform((): CarCommand => ({ name: 'lights' }))),
  'v2 control/engine': brazilian(z.union([brazilianStart, brazilianStop])),
};
