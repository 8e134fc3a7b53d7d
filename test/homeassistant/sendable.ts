import { textIn, type DiscoveredEntity, type Json } from './discovered.js';

/** A message that Home Assistant sends when somebody uses an entity. */
export interface Sendable {
  readonly topic: string;
  readonly payload: string;
}

/** The words of an entity, by the option that names the topic: options with one word, or with a list of them. */
const wordsOf: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  button: { command_topic: ['payload_press'] },
  climate: { mode_command_topic: ['modes'], power_command_topic: ['payload_on', 'payload_off'] },
  cover: { command_topic: ['payload_open', 'payload_close', 'payload_stop'] },
  lock: { command_topic: ['payload_lock', 'payload_unlock', 'payload_open'] },
  select: { command_topic: ['options'] },
  switch: { command_topic: ['payload_on', 'payload_off'] },
};

/** What Home Assistant sends where an option is not there; null: nothing. */
const defaults: Json = {
  payload_press: 'PRESS',
  payload_lock: 'LOCK',
  payload_unlock: 'UNLOCK',
  payload_open: 'OPEN',
  payload_close: 'CLOSE',
  payload_stop: 'STOP',
  payload_on: 'ON',
  payload_off: 'OFF',
};

/** Everything that an entity can send: each word, each number from the least to the greatest. */
export function sendableBy({ platform, config }: DiscoveredEntity): Sendable[] {
  const words = Object.entries(wordsOf[platform] ?? {}).flatMap(([topicOption, options]) =>
    messages(
      config,
      topicOption,
      options.flatMap((option) => textsOf(platform, config, option)),
    ),
  );
  const range = (min: string, max: string, step: string) =>
    numbers(config[min] ?? 0, config[max] ?? 100, config[step] ?? 1);
  if (platform === 'number') return messages(config, 'command_topic', range('min', 'max', 'step'));
  if (platform === 'time') return messages(config, 'command_topic', ['00:00:00', '21:30:00']);
  if (platform !== 'climate') return words;
  const temperatures = range('min_temp', 'max_temp', 'temp_step');
  return [...words, ...messages(config, 'temperature_command_topic', temperatures)];
}

function textsOf(platform: string, config: Json, option: string): string[] {
  // A lock has no third button unless it is given one.
  const isNone = platform === 'lock' && option === 'payload_open' && !(option in config);
  const value = option in config ? config[option] : isNone ? null : defaults[option];
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [textIn(value)];
}

function messages(config: Json, topicOption: string, values: readonly string[]): Sendable[] {
  const topic = config[topicOption];
  if (topic === undefined) return [];
  const template = config[topicOption.replace(/topic$/, 'template')];
  return values.map((value) => ({
    topic: textIn(topic),
    payload: template === undefined ? value : textIn(template).replaceAll('{{ value }}', value),
  }));
}

function numbers(min: unknown, max: unknown, step: unknown): string[] {
  const [least, most, by] = [Number(min), Number(max), Number(step)];
  const count = Math.floor((most - least) / by + 1e-9) + 1;
  return Array.from({ length: count }, (_, place) => String(least + place * by));
}
