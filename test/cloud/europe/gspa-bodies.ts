import { z } from 'zod';
import type { CarCommand } from '../../../src/vehicle/simulated-command.js';
import { heats } from '../command-words.js';
import {
  type PlatformCommand,
  type PlatformCommands,
  heating1,
  limitsOf,
  percents,
  reader,
  seatLevel,
  seatsOf,
  stopClimate,
  targets,
  valet,
  windowState,
  windowsOf,
} from '../platform-commands.js';
import { gspaSchedule } from '../platform-schedules.js';
import { celsius } from '../wire.js';

const onlyCcs2: PlatformCommand['isFor'] = (protocol) => protocol === 'ccs2';

function withPin(body: z.ZodType<CarCommand>): PlatformCommand {
  return { opensWith: 'pin', isFor: onlyCcs2, read: reader(body) };
}

function withSession(body: z.ZodType<CarCommand>): PlatformCommand {
  return { opensWith: 'session', isFor: onlyCcs2, read: reader(body) };
}

/** A body with one word, for the command that it means. */
function words(commands: Readonly<Record<string, CarCommand>>): z.ZodType<CarCommand> {
  return z.union(
    Object.entries(commands).map(([command, meant]) =>
      z.strictObject({ command: z.literal(command) }).transform(() => meant),
    ),
  );
}

const driverSide = z.enum(['L', 'R']);
const seat = seatLevel.optional();

const climateOptions = z.strictObject({
  command: z.literal('start'),
  hvacTemp: z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .optional(),
  tempUnit: z.enum(['C', 'F']).optional(),
  hvacTempType: z.literal(1).optional(),
  ignitionDuration: z.int().min(1).max(30).optional(),
  windshieldFrontDefogState: z.boolean().optional(),
  heating1: heating1.optional(),
  sideRearMirrorHeating: z.literal([0, 1]).optional(),
  strgWhlHeating: z.literal([0, 1, 2]).optional(),
  drvSeatLoc: driverSide.optional(),
  seatClimateInfo: z
    .strictObject({
      drvSeatClimateState: seat,
      psgSeatClimateState: seat,
      rlSeatClimateState: seat,
      rrSeatClimateState: seat,
    })
    .optional(),
});

type ClimateOptions = z.output<typeof climateOptions>;

/** Without its unit and its type a temperature is not looked at: the car takes its own set point. */
function target({ hvacTemp, tempUnit, hvacTempType }: ClimateOptions): number | undefined {
  if (hvacTemp === undefined || tempUnit === undefined || hvacTempType === undefined) {
    return undefined;
  }
  return tempUnit === 'C' ? Number(hvacTemp) : Math.round(celsius(Number(hvacTemp)) * 2) / 2;
}

function heaters({ heating1: all = 0, ...options }: ClimateOptions) {
  const { rear_window_heat, steering_wheel_heat } = heats(all);
  return {
    rear_window_heat: rear_window_heat || options.sideRearMirrorHeating === 1,
    steering_wheel_heat: steering_wheel_heat || (options.strgWhlHeating ?? 0) > 0,
  };
}

/** What is not named is off or as the car last had it. */
function climateStart(options: ClimateOptions): CarCommand {
  const target_c = target(options);
  return {
    name: 'climate',
    value: 'start',
    ...(target_c !== undefined && { target_c }),
    ...(options.ignitionDuration !== undefined && { duration_min: options.ignitionDuration }),
    defrost: options.windshieldFrontDefogState ?? false,
    ...heaters(options),
    seats: seats(options),
  };
}

function seats({ drvSeatLoc = 'L', seatClimateInfo = {} }: ClimateOptions) {
  return seatsOf(drvSeatLoc, {
    driver: seatClimateInfo.drvSeatClimateState ?? null,
    passenger: seatClimateInfo.psgSeatClimateState ?? null,
    rear_left: seatClimateInfo.rlSeatClimateState ?? null,
    rear_right: seatClimateInfo.rrSeatClimateState ?? null,
  });
}

const isPossible = (options: ClimateOptions): boolean => {
  const target_c = target(options);
  return target_c === undefined || (target_c >= 14 && target_c <= 32);
};

const climate = z.union([
  z.strictObject({ command: z.literal('stop') }).transform(() => stopClimate),
  climateOptions.refine(isPossible).transform(climateStart),
]);

const windowCommands = {
  'window-close': { state: 0, rear: true },
  'window-open': { state: 1, rear: true },
  vent: { state: 2, rear: true },
  'front-close': { state: 0, rear: false },
  'front-open': { state: 1, rear: false },
  'front-vent': { state: 2, rear: false },
} as const satisfies Record<string, { state: 0 | 1 | 2; rear: boolean }>;

/** All windows alike, or the two in front; what the single ones are to do has to fit the word. */
const windows = z
  .strictObject({
    command: z.enum(Object.keys(windowCommands) as (keyof typeof windowCommands)[]),
    drvSeatWindow: windowState,
    psgSeatWindow: windowState,
    rlSeatWindow: windowState,
    rrSeatWindow: windowState,
    rlSeatWindowCurtain: z.null(),
    rrSeatWindowCurtain: z.null(),
    drvSeatLoc: driverSide,
  })
  .refine((body) => {
    const { state, rear } = windowCommands[body.command];
    const front = [body.drvSeatWindow, body.psgSeatWindow];
    const behind = [body.rlSeatWindow, body.rrSeatWindow];
    return (
      front.every((one) => one === state) && behind.every((one) => one === (rear ? state : null))
    );
  })
  .transform((body): CarCommand => ({
    name: 'windows',
    windows: windowsOf({
      front_left: body.drvSeatWindow,
      front_right: body.psgSeatWindow,
      rear_left: body.rlSeatWindow,
      rear_right: body.rrSeatWindow,
    }),
  }));

const set = z.literal('set');

/** By the first and the last part of the path, between which the car stands. All are POSTs. */
export const gspaCommands: PlatformCommands = {
  'remote door-lock': withPin(words({ set: { name: 'lock', value: 'lock' } })),
  'remote door-unlock': withPin(words({ set: { name: 'lock', value: 'unlock' } })),
  'remote temperature': withPin(climate),
  'remote charge': withPin(
    words({
      start: { name: 'charge', value: 'start' },
      stop: { name: 'charge', value: 'stop' },
    }),
  ),
  'remote charge-target': withSession(
    z
      .strictObject({ targetSOClist: targets, command: set })
      .transform(({ targetSOClist }) => limitsOf(targetSOClist)),
  ),
  'remote charging-current': withSession(
    z
      .strictObject({ chargingCurrent: z.literal([1, 2, 3]), command: set })
      .transform(({ chargingCurrent }) => ({
        name: 'charging_current',
        percent: percents[chargingCurrent],
      })),
  ),
  'remote discharge-limit': withSession(
    z
      .strictObject({ dischargingLimit: z.int().min(0).max(100), command: set })
      .transform(({ dischargingLimit: percent }) => ({ name: 'v2l_limit', percent })),
  ),
  'remote window-curtain': withPin(windows),
  'remote portdoor': withPin(
    words({
      open: { name: 'charge_port', value: 'open' },
      close: { name: 'charge_port', value: 'close' },
    }),
  ),
  'remote light': withPin(words({ on: { name: 'lights' } })),
  'remote horn-light': withPin(words({ on: { name: 'horn' } })),
  'valet control': withPin(words({ activate: valet('activate'), deactivate: valet('deactivate') })),
  'remote reservation-charge-hvac': withSession(
    gspaSchedule.transform((schedule) => ({ name: 'schedule', schedule })),
  ),
};
