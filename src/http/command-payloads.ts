import { z } from '@hono/zod-openapi';
import { bridgeCommandNames, bridgeFields } from '../vehicle/bridge-command.js';
import { commonFieldsSchema, refreshFields, vehicleCommandNames } from '../vehicle/command.js';
import { remoteFields } from '../vehicle/parse-remote.js';
import { tripsFields } from '../vehicle/parse-trips.js';
import type { App } from './route.js';

type JsonSchema = Readonly<Record<string, unknown>>;

export interface CommandPayload {
  readonly name: string;
  /** What its schema is called in the OpenAPI document. */
  readonly component: string;
  readonly schema: JsonSchema;
}

/** What each command to a car may be sent, as the schemas that read it say. */
export const vehiclePayloads = vehicleCommandNames.map((name) => {
  if (name === 'refresh') return payloadOf(name, refreshFields, 'Refresh');
  const fields = name === 'trips' ? tripsFields(Date.now()) : remoteFields[name];
  return payloadOf(name, fields, pascal(name));
});

/** The same of the commands to the bridge. */
export const bridgePayloads = bridgeCommandNames.map((name) =>
  payloadOf(name, bridgeFields[name], `Bridge${pascal(name)}`),
);

/** The schemas become part of the document; what a body may be refers to them. */
export function bodyOf(app: App, payloads: readonly CommandPayload[]) {
  for (const { component, schema } of payloads) {
    app.openAPIRegistry.registerComponent('schemas', component, schema);
  }
  const anyOf = payloads.map(({ component }) => ({ $ref: `#/components/schemas/${component}` }));
  const named = payloads.map(({ name, component }) => `\`${name}\`: ${component}`).join(', ');
  return {
    description: `The payload of the command, by its name (${named}); no body is an object without fields. Words in any case.`,
    required: false,
    content: { 'application/json': { schema: { anyOf } } },
  };
}

function payloadOf(name: string, fields: z.ZodType, component: string): CommandPayload {
  const { properties: common } = jsonSchema(commonFieldsSchema);
  const { properties, required = [], ...rest } = jsonSchema(fields);
  const object = { ...rest, properties: { ...properties, ...common }, required };
  const value = properties?.['value'];
  const isWordEnough = required.every((field) => field === 'value');
  const description = `The payload of \`${name}\``;
  if (value === undefined || !isWordEnough) {
    return { name, component, schema: { description, ...object } };
  }
  return { name, component, schema: { description, anyOf: [object, value] } };
}

interface ObjectSchema extends JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function jsonSchema(schema: z.ZodType): ObjectSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest as ObjectSchema;
}

function pascal(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
