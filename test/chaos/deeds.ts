import type { RemoteAction } from '../../src/vehicle/remote-action.js';
import type { CarCommand } from '../../src/vehicle/simulated-command.js';

/** What a car has done, in words that are the same for equal commands and differ where the run needs to tell them apart. */
export function deedOf(command: CarCommand): string {
  switch (command.name) {
    case 'climate':
      return command.value === 'stop'
        ? 'climate stop'
        : climateDeed(command.target_c ?? 0, command.duration_min ?? 0, command.defrost ?? false);
    case 'charge_limits':
      return `charge_limits ${String(command.ac)} ${String(command.dc)}`;
    case 'lock':
    case 'charge':
      return `${command.name} ${command.value}`;
    default:
      return command.name;
  }
}

export function climateDeed(target_c: number, duration_min: number, defrost: boolean): string {
  return `climate start ${target_c.toFixed(1)} ${String(duration_min)} ${String(defrost)}`;
}

/** Whether a deed is what was asked for. */
export function isDeed(asked: string, done: string): boolean {
  const words = asked.split(' ');
  const others = done.split(' ');
  return (
    words.length === others.length &&
    words.every((word, place) => word === '*' || word === others[place])
  );
}

/** An action goes in halves to a car that takes a schedule so; each half once. */
export function partOf(action: RemoteAction | undefined): string {
  return action?.name === 'schedule' ? action.part : '';
}
