import { z } from 'zod';
import type { CarIdentity, CarState } from '../../src/vehicle/simulated-state.js';
import type { CarCommand, WindowPositions } from '../../src/vehicle/simulated-command.js';
import { heats, seat } from './command-words.js';
import { chargeSchedule, climateSchedule, wholeSchedule } from './platform-schedules.js';

type CarProtocol = 'legacy' | 'ccs2';

/** One kind of command of the platform that the makers share outside of North America. */
export interface PlatformCommand {
  /** What its request carries: the token that a PIN opens, or that of the session. */
  readonly opensWith: 'pin' | 'session';
  /** Other cars do not know the path. */
  readonly isFor: (protocol: CarProtocol, identity: CarIdentity) => boolean;
  /** The command in a body; undefined when the body is none of this kind. */
  readonly read: (body: unknown) => CarCommand | undefined;
}

/** By version of the path (`v1`, `v2`) and the path below the car. All are POSTs. */
export type PlatformCommands = Readonly<Record<string, PlatformCommand>>;

/** Reads a body that has to be just so. */
export function reader(body: z.ZodType<CarCommand>): PlatformCommand['read'] {
  return (given) => body.safeParse(given).data;
}

const everyCar = () => true;
const onlyCcs2 = (protocol: CarProtocol) => protocol === 'ccs2';
const onlyLegacy = (protocol: CarProtocol) => protocol === 'legacy';
/** These take the two halves of a schedule one by one. */
const takesHalves = (protocol: CarProtocol, { drivetrain }: CarIdentity) =>
  protocol === 'ccs2' && drivetrain === 'ev';

const deviceId = z.string().min(1);
const openOrClose = z.enum(['open', 'close']);
const startOrStop = z.enum(['start', 'stop']);

function door(value: 'open' | 'close'): CarCommand {
  return { name: 'lock', value: value === 'open' ? 'unlock' : 'lock' };
}

export const percents = { 1: 100, 2: 90, 3: 60 } as const;
const windowStates = ['close', 'open', 'vent'] as const;
export const windowState = z.literal([0, 1, 2]).nullable();
/** 0 and 2 are off, 3 to 5 cool, 6 to 8 heat; null leaves the seat as it is. */
export const seatLevel = z.int().min(0).max(8).nullable();

type SeatLevels = Partial<CarState['climate']['seats']>;

/** Who sits where: the driver, the passenger and those behind, by the numbers of their seats. */
export function seatsOf(
  driverSide: 'L' | 'R',
  levels: Readonly<Record<'driver' | 'passenger' | 'rear_left' | 'rear_right', number | null>>,
): SeatLevels {
  const { driver, passenger, rear_left, rear_right } = levels;
  const [front_left, front_right] = driverSide === 'L' ? [driver, passenger] : [passenger, driver];
  const named = Object.entries({ front_left, front_right, rear_left, rear_right }).filter(
    ([, level]) => level !== null,
  );
  return Object.fromEntries(named.map(([place, level]) => [place, seat(level)]));
}

/** The windows that are named. */
export function windowsOf(
  states: Readonly<Record<keyof WindowPositions, 0 | 1 | 2 | null>>,
): WindowPositions {
  return Object.fromEntries(
    Object.entries(states).flatMap(([window, state]) =>
      state === null ? [] : [[window, windowStates[state]]],
    ),
  );
}

/** First DC, then AC. */
export const targets = z.tuple([
  z.strictObject({ plugType: z.literal(0), targetSOClevel: z.int() }),
  z.strictObject({ plugType: z.literal(1), targetSOClevel: z.int() }),
]);

export function limitsOf([dc, ac]: z.output<typeof targets>): CarCommand {
  return { name: 'charge_limits', ac: ac.targetSOClevel, dc: dc.targetSOClevel };
}

const ccs2Climate = z.union([
  z.strictObject({ command: z.literal('stop') }).transform(() => stopClimate),
  z
    .strictObject({
      command: z.literal('start'),
      ignitionDuration: z.int().min(1).max(30),
      strgWhlHeating: z.literal([0, 1, 2]).nullable(),
      hvacTempType: z.literal(1),
      hvacTemp: z.number().min(14).max(32),
      sideRearMirrorHeating: z.literal([0, 1]),
      drvSeatLoc: z.enum(['L', 'R']),
      seatClimateInfo: z.strictObject({
        drvSeatClimateState: seatLevel,
        psgSeatClimateState: seatLevel,
        rlSeatClimateState: seatLevel,
        rrSeatClimateState: seatLevel,
      }),
      tempUnit: z.literal('C'),
      windshieldFrontDefogState: z.boolean(),
    })
    .transform(({ seatClimateInfo: seats, ...body }): CarCommand => ({
      name: 'climate',
      value: 'start',
      target_c: body.hvacTemp,
      duration_min: body.ignitionDuration,
      defrost: body.windshieldFrontDefogState,
      rear_window_heat: body.sideRearMirrorHeating === 1,
      steering_wheel_heat: (body.strgWhlHeating ?? 0) > 0,
      seats: seatsOf(body.drvSeatLoc, {
        driver: seats.drvSeatClimateState,
        passenger: seats.psgSeatClimateState,
        rear_left: seats.rlSeatClimateState,
        rear_right: seats.rrSeatClimateState,
      }),
    })),
]);

export const stopClimate: CarCommand = { name: 'climate', value: 'stop' };

export const heating1 = z.int().min(0).max(4);

/** `10H`: half degrees above the coldest one, in hexadecimal. */
export const tempCode = z.string().regex(/^[\dA-F]{2}H$/);

function legacyClimate(coldest_c: number) {
  const common = { hvacType: z.literal(0), tempCode, unit: z.literal('C') };
  const options = { defrost: z.boolean(), heating1 };
  return z.union([
    z
      .strictObject({ action: z.literal('stop'), ...common, options: z.strictObject(options) })
      .transform(() => stopClimate),
    z
      .strictObject({
        action: z.literal('start'),
        ...common,
        options: z.strictObject({ ...options, igniOnDuration: z.int().min(1).max(30) }),
      })
      .transform((body): CarCommand => ({
        name: 'climate',
        value: 'start',
        target_c: coldest_c + Number.parseInt(body.tempCode, 16) / 2,
        duration_min: body.options.igniOnDuration,
        defrost: body.options.defrost,
        ...heats(body.options.heating1),
      })),
  ]);
}

const places = z.strictObject({
  deviceID: deviceId,
  poiInfoList: z
    .array(
      z.strictObject({
        phone: z.string(),
        waypointID: z.int(),
        lang: z.int(),
        src: z.string(),
        coord: z.strictObject({
          lat: z.number().min(-90).max(90),
          lon: z.number().min(-180).max(180),
          alt: z.number(),
          type: z.int(),
        }),
        addr: z.string(),
        zip: z.string(),
        placeid: z.string(),
        name: z.string(),
      }),
    )
    .min(1),
});

const ofEveryCar: PlatformCommands = {
  'v1 charge/target': {
    opensWith: 'session',
    isFor: everyCar,
    read: reader(
      z
        .strictObject({ targetSOClist: targets })
        .transform(({ targetSOClist }) => limitsOf(targetSOClist)),
    ),
  },
  'v1 ccs2/charge/dischargelimit': {
    opensWith: 'session',
    isFor: everyCar,
    read: reader(
      z
        .strictObject({ dischargingLimit: z.int().min(0).max(100) })
        .transform(({ dischargingLimit: percent }) => ({ name: 'v2l_limit', percent })),
    ),
  },
  'v2 ccs2/control/light': { opensWith: 'pin', isFor: everyCar, read: switchedOn('lights') },
  'v2 ccs2/control/hornlight': { opensWith: 'pin', isFor: everyCar, read: switchedOn('horn') },
  'v2 control/windowcurtain': {
    opensWith: 'pin',
    isFor: everyCar,
    read: reader(
      z
        .strictObject({
          frontLeft: windowState,
          frontRight: windowState,
          backLeft: windowState,
          backRight: windowState,
        })
        .transform((body) => ({
          name: 'windows',
          windows: windowsOf({
            front_left: body.frontLeft,
            front_right: body.frontRight,
            rear_left: body.backLeft,
            rear_right: body.backRight,
          }),
        })),
    ),
  },
  'v2 control/portdoor': {
    opensWith: 'pin',
    isFor: everyCar,
    read: reader(
      z
        .strictObject({ action: openOrClose })
        .transform(({ action: value }) => ({ name: 'charge_port', value })),
    ),
  },
  'v2 control/valet': {
    opensWith: 'pin',
    isFor: everyCar,
    read: reader(
      z
        .strictObject({ action: z.enum(['activate', 'deactivate']) })
        .transform(({ action }) => valet(action)),
    ),
  },
  'v2 location/routes': {
    opensWith: 'pin',
    isFor: everyCar,
    read: reader(
      places.transform(({ poiInfoList }) => ({
        name: 'navigation',
        pois: poiInfoList.map(({ name, coord, addr }) => ({
          name,
          latitude: coord.lat,
          longitude: coord.lon,
          address: addr,
        })),
      })),
    ),
  },
};

function switchedOn(name: 'lights' | 'horn'): PlatformCommand['read'] {
  return reader(z.strictObject({ command: z.literal('on') }).transform(() => ({ name })));
}

export function valet(action: 'activate' | 'deactivate'): CarCommand {
  return { name: 'valet_mode', value: action === 'activate' ? 'start' : 'stop' };
}

const schedules: PlatformCommands = {
  'v2 ccs2/reservation/charge': {
    opensWith: 'pin',
    isFor: takesHalves,
    read: reader(
      chargeSchedule.transform((charging) => ({ name: 'schedule', schedule: { charging } })),
    ),
  },
  'v2 ccs2/reservation/hvac': {
    opensWith: 'pin',
    isFor: takesHalves,
    read: reader(
      climateSchedule.transform((departures) => ({ name: 'schedule', schedule: { departures } })),
    ),
  },
  'v2 ccs2/reservation/chargehvac': {
    opensWith: 'pin',
    isFor: (protocol, identity) => !takesHalves(protocol, identity),
    read: reader(wholeSchedule.transform((schedule) => ({ name: 'schedule', schedule }))),
  },
};

const ofCcs2Cars: PlatformCommands = {
  'v2 ccs2/control/door': {
    opensWith: 'pin',
    isFor: onlyCcs2,
    read: reader(
      z.strictObject({ command: openOrClose }).transform(({ command }) => door(command)),
    ),
  },
  'v2 ccs2/control/temperature': {
    opensWith: 'pin',
    isFor: onlyCcs2,
    read: reader(ccs2Climate),
  },
  'v2 ccs2/control/charge': {
    opensWith: 'pin',
    isFor: onlyCcs2,
    read: reader(
      z
        .strictObject({ command: startOrStop })
        .transform(({ command: value }) => ({ name: 'charge', value })),
    ),
  },
  'v1 ccs2/charge/chargingcurrent': {
    opensWith: 'session',
    isFor: onlyCcs2,
    read: reader(
      z.strictObject({ chargingCurrent: z.literal([1, 2, 3]) }).transform((body) => ({
        name: 'charging_current',
        percent: percents[body.chargingCurrent],
      })),
    ),
  },
};

function ofLegacyCars(coldest_c: number): PlatformCommands {
  return {
    'v1 control/door': {
      opensWith: 'session',
      isFor: onlyLegacy,
      read: reader(
        z.strictObject({ action: openOrClose, deviceId }).transform(({ action }) => door(action)),
      ),
    },
    'v1 control/temperature': {
      opensWith: 'session',
      isFor: onlyLegacy,
      read: reader(legacyClimate(coldest_c)),
    },
    'v1 control/charge': {
      opensWith: 'session',
      isFor: onlyLegacy,
      read: reader(
        z
          .strictObject({ action: startOrStop, deviceId })
          .transform(({ action: value }) => ({ name: 'charge', value })),
      ),
    },
  };
}

/** The commands as Europe and Australia have them; `coldest_c` is where their temperature codes begin. */
export function platformCommands({ coldest_c }: { readonly coldest_c: number }): PlatformCommands {
  return { ...ofEveryCar, ...schedules, ...ofCcs2Cars, ...ofLegacyCars(coldest_c) };
}
