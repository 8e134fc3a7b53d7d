import { z } from 'zod';
import { configSchema } from '../config/schema.js';
import { isOptional, written } from '../config/schema-path.js';

const introduction = `# Configuration

<!-- Made from the schema by \`npm run docs\`: change src/config, not this page. -->

One YAML file: the one that \`--config FILE\` names, else \`BLUELINK2MQTT_CONFIG\`, else \`./bluelink2mqtt.yaml\`, else \`/etc/bluelink2mqtt/config.yaml\`. Only \`mqtt.url\` and one account have no default. \`bluelink2mqtt check-config\` shows every fault at once, with its line, and ends with 78 if there is one. Unknown keys are faults. A part of this page that is not built yet gives one warning.

- **Environment.** Every key can come from the environment: its path in capitals after \`BLUELINK2MQTT_\`, with \`__\` between the levels, such as \`BLUELINK2MQTT_MQTT__URL\` or \`BLUELINK2MQTT_ACCOUNTS__0__USERNAME\`. It goes before the file. Texts are taken as they are; numbers, booleans and lists are written as in YAML (\`[refresh, lock:lock]\`). An empty value counts as none.
- **Secrets.** A password, PIN, token or key \`x\` can be given as \`x\`, as \`x_file\` (a file that holds it; a newline at its end is dropped), or as a file in \`$CREDENTIALS_DIRECTORY\`: \`mqtt.password\`, \`http.token\`, \`<account>.password\`, \`<account>.pin\`, \`store.password\`, \`store.token\`, \`store.encryption_key\`, \`store.previous_encryption_key\`.
- **The predecessor's names** \`HYUNDAI_USERNAME\`, \`HYUNDAI_PASSWORD\`, \`HYUNDAI_PIN\`, \`HYUNDAI_REGION\`, \`HYUNDAI_BRAND\`, \`MQTT_BROKER_HOST\`, \`MQTT_BROKER_PORT\`, \`MQTT_USE_TLS\`, \`MQTT_USERNAME\`, \`MQTT_PASSWORD\`, \`MQTT_CLIENT_ID\`, \`MQTT_BASE_TOPIC\`, \`LOG_LEVEL\` and \`INITIAL_REFRESH\` are used where neither the environment's own names nor the file say anything.
- **Durations** are a number and a unit: \`200ms\`, \`90s\`, \`30m\`, \`4h\`, \`1d\`.
- **Relative paths** start at the folder of the file, or at the working directory if there is none.
`;

/** The page \`docs/configuration.md\`: every key with its type, default and meaning, from the schema itself. */
export function renderReference(): string {
  const settings: string[] = [];
  const sections: string[] = [];
  for (const [key, schema] of Object.entries(configSchema.shape)) {
    const lines = describeKey(key, schema);
    if (written(schema) instanceof z.ZodObject || written(schema) instanceof z.ZodArray) {
      sections.push(section(key, schema, lines));
    } else {
      settings.push(...lines);
    }
  }
  return [introduction, ...sections, `## Other settings\n\n${settings.join('\n')}\n`].join('\n');
}

function section(key: string, schema: unknown, lines: readonly string[]): string {
  const description = describe(schema).description;
  return [`## ${key}\n`, ...(description === '' ? [] : [`${description}\n`]), ...lines, ''].join(
    '\n',
  );
}

/** One line for a setting; for a section those of everything in it. */
function describeKey(key: string, schema: unknown): string[] {
  const inner = written(schema);
  if (inner instanceof z.ZodUndefined) return [];
  if (inner instanceof z.ZodObject) return describeShape(key, inner.shape);
  if (inner instanceof z.ZodRecord) {
    return [line(`${key}.<id>`, schema), ...describeKey(`${key}.<id>`, inner.valueType)];
  }
  if (inner instanceof z.ZodArray && !(written(inner.element) instanceof z.ZodString)) {
    return describeKey(`${key}[]`, inner.element);
  }
  if (inner instanceof z.ZodDiscriminatedUnion)
    return describeShape(key, mergedShape(inner.options));
  return [line(key, schema)];
}

function describeShape(key: string, shape: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(shape).flatMap(([name, schema]) => describeKey(`${key}.${name}`, schema));
}

/** The keys of all alternatives; where several have one, the first that allows a value describes it. */
function mergedShape(options: readonly unknown[]): Record<string, unknown> {
  const entries = options.flatMap((option) => {
    const inner = written(option);
    return inner instanceof z.ZodObject ? Object.entries<unknown>(inner.shape) : [];
  });
  const allowed = entries.filter(([, schema]) => !(written(schema) instanceof z.ZodUndefined));
  const first = (key: string) => allowed.find(([name]) => name === key)?.[1];
  return Object.fromEntries(allowed.map(([key]) => [key, first(key)]));
}

function line(key: string, schema: unknown): string {
  const { description, type } = describe(schema);
  const facts = [type === '' ? typeOf(written(schema)) : type, presence(schema)];
  return `- \`${key}\` (${facts.filter((fact) => fact !== '').join('; ')}): ${description}`;
}

/** What the schema says of itself; wrapped in a default it may say so inside. */
function describe(schema: unknown): { readonly description: string; readonly type: string } {
  if (!(schema instanceof z.ZodType)) return { description: '', type: '' };
  const { description = '', type } = schema.meta() ?? {};
  const inside = describe(unwrapped(schema));
  return {
    description: description === '' ? inside.description : description,
    type: typeof type === 'string' ? type : inside.type,
  };
}

function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) return schema.unwrap();
  if (isOptional(schema)) return schema.unwrap();
  return schema instanceof z.ZodPipe ? schema.in : undefined;
}

function presence(schema: unknown): string {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) {
    const value = JSON.stringify(schema.def.defaultValue).replaceAll('"', '').replaceAll(',', ', ');
    return value === '{}' ? '' : `default \`${value}\``;
  }
  if (schema instanceof z.ZodPipe) return presence(schema.in);
  return isOptional(schema) ? '' : 'required';
}

function typeOf(schema: unknown): string {
  if (schema instanceof z.ZodEnum)
    return schema.options.map((word) => `\`${String(word)}\``).join(', ');
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodNumber) {
    return `number, ${String(schema.minValue)} to ${String(schema.maxValue)}`;
  }
  if (schema instanceof z.ZodRecord) return 'a group of keys';
  return 'text';
}
