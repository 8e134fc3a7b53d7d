import { isAllowed } from '../../src/dispatch/admission.js';
import { createTopics } from '../../src/mqtt/topics.js';
import { bridgeCommandNames, parseBridgeCommand } from '../../src/vehicle/bridge-command.js';
import { parseRefresh, vehicleCommandNames, type Parsed } from '../../src/vehicle/command.js';
import { refusalOf, rounded } from '../../src/vehicle/offered.js';
import { parseRemote } from '../../src/vehicle/parse-remote.js';
import { isPermitted, type CarCommand } from '../../src/vehicle/permission.js';
import type { AnnounceOptions, TestCar } from './cars.js';
import { configsIn, type Published } from './discovered.js';
import { sendableBy, type Sendable } from './sendable.js';

/** Why the bridge would refuse what its entities in Home Assistant can send: one line for each of them. */
export function refusedOf(
  published: readonly Published[],
  cars: readonly TestCar[],
  options: AnnounceOptions = {},
): string[] {
  const topics = createTopics(options.baseTopic ?? 'bluelink');
  const entities = configsIn(published, 'homeassistant').flatMap((config) => config.entities);
  return entities.flatMap((entity) =>
    sendableBy(entity)
      .flatMap((message): string[] => {
        const { target, name } = topics.parseCommand(message.topic) ?? { target: '', name: '' };
        const car = cars.find(({ announced }) => announced.info().id === target);
        const why =
          target === 'bridge'
            ? bridgeRefusal(name, message, options)
            : car === undefined
              ? 'no such car'
              : carRefusal(name, message, car);
        return why === undefined ? [] : [`${entity.key}: ${message.payload}: ${why}`];
      })
      .slice(0, 1),
  );
}

function carRefusal(name: string, message: Sendable, car: TestCar): string | undefined {
  const parsed = parseForCar(name, Buffer.from(message.payload));
  if (!parsed.ok) return parsed.failure.message;
  const { command } = parsed;
  const { allow, readOnly, drivetrain, capabilities } = car;
  if (!isPermitted(command, allow, drivetrain)) return 'not allowed';
  if (command.name === 'refresh') return undefined;
  if (readOnly && command.name !== 'trips') return 'only reads are allowed';
  const asked = command.name === 'trips' ? command : rounded(command, capabilities);
  return refusalOf(asked, capabilities)?.message;
}

function parseForCar(name: string, payload: Buffer): Parsed<{ readonly command: CarCommand }> {
  if (name === 'refresh') return parseRefresh(payload);
  const known = vehicleCommandNames.find((one) => one === name);
  if (known === undefined || known === 'refresh') throw new Error(`no such command: ${name}`);
  return parseRemote(known, payload, 0);
}

function bridgeRefusal(
  name: string,
  { payload }: Sendable,
  { allow, accounts = ['home'] }: AnnounceOptions,
): string | undefined {
  const known = bridgeCommandNames.find((one) => one === name);
  if (known === undefined) return 'no such command';
  const parsed = parseBridgeCommand(known, Buffer.from(payload));
  if (!parsed.ok) return parsed.failure.message;
  const { command } = parsed;
  const isOfAccount = command.name === 'reset_breaker';
  if (isOfAccount && command.value !== 'all' && !accounts.includes(command.value))
    return 'no such account';
  return isAllowed([name], [allow]) ? undefined : 'not allowed';
}
