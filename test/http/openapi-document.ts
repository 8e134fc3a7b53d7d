import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { Answer } from '../support/http-client.js';

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly description?: string };
  readonly responses: Readonly<Record<string, { readonly description: string; content?: object }>>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
  readonly tags: readonly { readonly name: string }[];
}

export interface Documented {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export function operationsOf({ paths }: OpenApiDocument): Documented[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
  );
}

/** What the document says of a call, held against what is answered. */
export class Described {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  readonly #document: OpenApiDocument;

  constructor(document: OpenApiDocument) {
    this.#document = document;
    this.#ajv.addSchema(document, 'document');
  }

  schema(name: string): ValidateFunction {
    return this.#compiled(['components', 'schemas', name]);
  }

  /** Fails unless status, content type and body are as documented. */
  expectDocumented(operationId: string, { status, headers, text }: Answer): void {
    const found = operationsOf(this.#document).find(
      (one) => one.operation.operationId === operationId,
    );
    const response = found?.operation.responses[String(status)];
    expect(response, `${operationId} answers ${String(status)}: ${text}`).toBeDefined();
    const types = Object.keys(response?.content ?? {});
    const type = headers['content-type']?.split(';')[0];
    expect(types, operationId).toEqual(type === undefined ? [] : [type]);
    if (found === undefined || type !== 'application/json') return;
    const at = ['responses', String(status), 'content', type, 'schema'];
    const validate = this.#compiled(['paths', found.path, found.method, ...at]);
    const isValid = validate(JSON.parse(text));
    expect(isValid, `${operationId} ${text} ${JSON.stringify(validate.errors)}`).toBe(true);
  }

  #compiled(keys: readonly string[]): ValidateFunction {
    const pointer = keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1'));
    return this.#ajv.compile({ $ref: `document#/${pointer.map(encodeURIComponent).join('/')}` });
  }
}
