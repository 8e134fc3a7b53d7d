import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import type { CarState } from '../../../src/vehicle/simulated-state.js';
import { compactTime } from '../wire.js';
import { flag, plugTypes, seatStates } from '../status-words.js';
import { ccs2Schedule } from './schedule-status.js';

const kilometres = 1;
const celsius = 0;
/** One step of a pressure in kPa. */
const kpaStep = 5;
const currentLevels = { 100: 1, 90: 2, 60: 3 } as const;
const kilojoules = (kwh: number | null): number => Math.round((kwh ?? 0) * 3600);

/** The `resMsg` around the state. */
export function ccs2Latest(car: SimulatedCar, timeZone: string): object {
  return {
    state: { Vehicle: ccs2Status(car, timeZone) },
    lastUpdateTime: String(car.reported().at),
  };
}

/** The tree below `resMsg.state.Vehicle`: the state of a car with CCS2, as of its last report. */
export function ccs2Status(car: SimulatedCar, timeZone: string): object {
  const report = car.report();
  const { at, state } = car.reported();
  return {
    Date: `${compactTime(at)}.000`,
    DrivingReady: flag(report.engine_running),
    Drivetrain: drivetrain(car),
    Electronics: {
      Battery: {
        Level: report.aux_battery.level,
        SensorReliability: 0,
        Auxiliary: { FailWarning: flag(report.aux_battery.fault) },
      },
      FOB: { LowBattery: flag(state.warnings.key_battery) },
      PowerSupply: { Accessory: flag(report.ignition_on), Ignition3: flag(report.ignition_on) },
    },
    Cabin: cabin(state),
    Body: body(state),
    Chassis: chassis(state),
    ...(car.identity.battery_kwh > 0 && { Green: green(car) }),
    Location: location(state, timeZone),
  };
}

function drivetrain(car: SimulatedCar): object {
  const { odometer_km, range_km, fuel, ev, warnings } = car.report();
  return {
    Odometer: odometer_km,
    FuelSystem: {
      DTE: {
        Total: range_km,
        Unit: kilometres,
        ...(car.identity.drivetrain === 'phev' && { EV: ev.range_km }),
      },
      FuelLevel: fuel.level ?? 0,
      LowFuelWarning: flag(fuel.low),
    },
    ...(car.identity.tank_l > 0 && {
      InternalCombustionEngine: { OilLevelWarning: flag(warnings.oil_level) },
    }),
  };
}

type Corner = 'front_left' | 'front_right' | 'rear_left' | 'rear_right';

/** The platform names the front seats by who sits there, also where the wheel is on the right. */
function rows(of: (corner: Corner) => object): object {
  return {
    Row1: { Driver: of('front_left'), Passenger: of('front_right') },
    Row2: { Left: of('rear_left'), Right: of('rear_right') },
  };
}

function cabin(state: CarState): object {
  const { climate } = state;
  return {
    HVAC: {
      Row1: {
        Driver: {
          Temperature: { Value: climate.on ? climate.target_c : 'OFF', Unit: celsius },
          Blower: { SpeedLevel: climate.on ? 3 : 0 },
        },
      },
      OutsideTemperature: { Value: state.outside_c, Unit: celsius },
    },
    SteeringWheel: { Heat: { State: flag(climate.steering_wheel_heat) } },
    Seat: rows((corner) => ({ Climate: { State: seatStates[climate.seats[corner]] } })),
    Door: rows((corner) => ({ Lock: flag(!state.locked), Open: flag(state.doors[corner]) })),
    Window: rows((corner) => ({
      Open: flag(state.windows[corner]),
      OpenLevel: state.windows[corner] ? 10 : 0,
    })),
  };
}

function body(state: CarState): object {
  const { climate, doors, warnings, windows } = state;
  return {
    Hood: { Open: flag(doors.hood) },
    Trunk: { Open: flag(doors.trunk) },
    Sunroof: { Glass: { Open: flag(windows.sunroof) } },
    Windshield: {
      Front: {
        Defog: { State: flag(climate.defrost) },
        WasherFluid: { LevelLow: flag(warnings.washer_fluid) },
      },
      Rear: { Defog: { State: flag(climate.rear_window_heat) } },
    },
    Lights: { Front: { HeadLamp: { SystemWarning: flag(warnings.lamp) } } },
  };
}

function chassis({ tyres_kpa, warnings }: CarState): object {
  const tyre = (kpa: number, low: boolean) => ({
    Tire: { Pressure: Math.round(kpa / kpaStep), PressureLow: flag(low) },
  });
  return {
    Axle: {
      Tire: { PressureUnit: 1, PressureLow: flag(warnings.tyres) },
      Row1: {
        Left: tyre(tyres_kpa.front_left, warnings.tyres),
        Right: tyre(tyres_kpa.front_right, false),
      },
      Row2: { Left: tyre(tyres_kpa.rear_left, false), Right: tyre(tyres_kpa.rear_right, false) },
    },
    Brake: { Fluid: { Warning: flag(warnings.brake_fluid) } },
  };
}

/** What a car with a plug has beside the others. */
function green(car: SimulatedCar): object {
  const { ev } = car.report();
  const { state } = car.reported();
  return {
    BatteryManagement: {
      BatteryRemain: { Ratio: ev.soc, Value: kilojoules(ev.energy_kwh) },
      BatteryCapacity: { Value: kilojoules(ev.capacity_kwh) },
      SoH: { Ratio: ev.soh },
      Temperature: { Min: { Raw: ev.temp_min_c }, Max: { Raw: ev.temp_max_c } },
      BatteryPreCondition: { Status: ev.preconditioning === true ? 3 : 2 },
    },
    ChargingInformation: {
      ConnectorFastening: { State: plugTypes[state.plug] },
      Charging: { RemainTime: ev.minutes_to_limit ?? 0 },
      ElectricCurrentLevel: { State: currentLevels[state.charge_current] },
      EstimatedTime: {
        Quick: ev.minutes_fast,
        ICCB: ev.minutes_portable,
        Standard: ev.minutes_station,
      },
      TargetSoC: { Standard: state.limit_ac, Quick: state.limit_dc },
      DTE: {
        TargetSoC: { Standard: ev.range_at_ac_limit_km, Quick: ev.range_at_dc_limit_km },
      },
    },
    ChargingDoor: { State: state.port_open ? 1 : 2 },
    Electric: {
      SmartGrid: {
        RealTimePower: ev.charge_power_kw,
        ...(car.identity.drivetrain === 'ev' && {
          VehicleToLoad: { DischargeLimitation: { SoC: state.v2l_limit } },
        }),
      },
    },
    Reservation: ccs2Schedule(state.schedule),
  };
}

function location({ position }: CarState, timeZone: string): object {
  const time = compactTime(position.at, timeZone);
  return {
    GeoCoord: { Latitude: position.latitude, Longitude: position.longitude },
    TimeStamp: {
      Year: Number(time.slice(0, 4)),
      Mon: Number(time.slice(4, 6)),
      Day: Number(time.slice(6, 8)),
      Hour: Number(time.slice(8, 10)),
      Min: Number(time.slice(10, 12)),
      Sec: Number(time.slice(12, 14)),
    },
  };
}
