import type { RefreshCommand, VehicleCommandName } from './command.js';
import type { RemoteCommand, TripsCommand } from './remote-command.js';
import { valueOfRemote } from './remote-value.js';
import type { Drivetrain } from './state.js';

/** A command to a car, whichever. */
export type CarCommand = RefreshCommand | RemoteCommand | TripsCommand;

/** The `allow` lists of the bridge, an account and a car. One that is absent restricts nothing. */
export type AllowLists = readonly (readonly string[] | undefined)[];

/** What a list has to name. */
export interface Permission {
  /** Any of these will do. */
  readonly names: readonly string[];
  /** It is refused unless a list names it, and no name alone includes it. */
  readonly guarded: boolean;
}

type Value = string | number | boolean | undefined;

/** Whether the lists allow a command, all that it does. */
export function isPermitted(
  command: CarCommand,
  lists: AllowLists,
  drivetrain: Drivetrain | null,
): boolean {
  return permissionsOf(command, drivetrain).every((needed) => isGranted(needed, lists));
}

/** Whether the lists allow this value of a command; without a value, the command by its name alone. */
export function isValuePermitted(
  name: VehicleCommandName,
  value: Value,
  lists: AllowLists,
  drivetrain: Drivetrain | null,
): boolean {
  return isGranted(permissionOf(name, value, drivetrain), lists);
}

/** Each of these is needed. */
export function permissionsOf(command: CarCommand, drivetrain: Drivetrain | null): Permission[] {
  return valuesOf(command).map((value) => permissionOf(command.name, value, drivetrain));
}

/** Every list that is present has to name it. */
export function isGranted({ names, guarded }: Permission, lists: AllowLists): boolean {
  const present = lists.filter((list) => list !== undefined);
  return (
    (present.length > 0 || !guarded) &&
    present.every((list) => list.some((entry) => names.includes(entry)))
  );
}

function permissionOf(
  name: VehicleCommandName,
  value: Value,
  drivetrain: Drivetrain | null,
): Permission {
  if (value === undefined) return { names: [name], guarded: false };
  const withValue = `${name}:${String(value)}`;
  const guarded =
    alwaysGuarded.includes(withValue) || (withValue === 'climate:start' && drivetrain !== 'ev');
  return { names: guarded ? [withValue] : [name, withValue], guarded };
}

/** The start of the climate of a car that may have an engine is guarded, too. */
const alwaysGuarded = ['lock:unlock', 'windows:open', 'valet_mode:stop'];

/** What a list can name of a command. */
function valuesOf(command: CarCommand): readonly Value[] {
  switch (command.name) {
    case 'refresh':
      return [command.mode];
    case 'climate':
      return [command.value];
    case 'windows':
      return [...new Set(Object.values(command.windows))];
    case 'lights':
    case 'horn':
      return [undefined];
    default: {
      const value = valueOfRemote(command);
      return [typeof value === 'object' ? undefined : value];
    }
  }
}
