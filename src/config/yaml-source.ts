import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, Scalar } from 'yaml';
import { configFault, Origins } from './fault.js';
import type { ConfigFault, Origin, TreePath } from './fault.js';
import { isSection, schemaOf, takesText } from './schema-path.js';

/** Aliases (`*name`) are expanded; more of them than this are taken for an attack or a circle. */
const maxAliases = 100;

const syntaxFaults: Partial<Record<string, readonly [expected: string, got: string]>> = {
  DUPLICATE_KEY: ['each key once', 'a key that is there twice'],
  MULTIPLE_DOCS: ['one document', 'several, separated by ---'],
  BAD_INDENT: ['an indentation that fits, or a bracket that closes', 'neither'],
  TAB_AS_INDENT: ['indentation by spaces', 'a tab'],
  MISSING_CHAR: ['a closing quote, bracket or comma, or a colon after the key', 'none'],
  BAD_SCALAR_START: ['quotes around a text that begins with @ or `', 'none'],
};

/** A value that was read from YAML text, and where each part of it stands. */
export interface YamlSource {
  readonly value: unknown;
  readonly origins: Origins;
  readonly faults: readonly ConfigFault[];
}

/** Reads YAML so that every scalar which the schema wants as text is the text that was written. */
export function readYaml(text: string, whole: Origin, schema: unknown): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
  });
  const place = (offset: number): Origin => {
    if (whole.line === undefined) return whole;
    const { line, col } = lines.linePos(offset);
    return { file: whole.file, line, column: col };
  };
  // The parser's own messages quote the text, which may be a secret.
  const syntax = [...document.errors, ...document.warnings].map(({ code, pos }) => {
    const [expected, got] = syntaxFaults[code] ?? ['YAML', `what is none (${code})`];
    return configFault([], place(pos[0]), expected, got);
  });
  const origins = new Origins(whole);
  if (syntax.some(({ expected }) => expected !== syntaxFaults['DUPLICATE_KEY']?.[0])) {
    return { value: undefined, origins, faults: syntax };
  }
  const reader = new NodeReader(document, origins, place);
  const value = reader.read(document.contents, [], schema);
  return { value, origins, faults: [...syntax, ...reader.faults] };
}

class NodeReader {
  readonly faults: ConfigFault[] = [];
  readonly #document: Document;
  readonly #origins: Origins;
  readonly #place: (offset: number) => Origin;
  #aliases = 0;

  constructor(document: Document, origins: Origins, place: (offset: number) => Origin) {
    this.#document = document;
    this.#origins = origins;
    this.#place = place;
  }

  read(node: unknown, path: TreePath, schema: unknown): unknown {
    if (isMap(node)) return this.#readMap(node.items, path, schema);
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        this.#remember(item, [...path, index]);
        return this.read(item, [...path, index], schemaOf(schema, index));
      });
    }
    if (isAlias(node)) return this.#readAlias(node, path, schema);
    if (isScalar(node) && node.value !== null) return scalarValue(node, schema);
    // A section of which every key is commented out is empty, not wrong.
    return isSection(schema) ? {} : null;
  }

  #readMap(
    items: readonly { key: unknown; value: unknown }[],
    path: TreePath,
    schema: unknown,
  ): Record<string, unknown> {
    const entries = items.map(({ key, value }) => {
      const name = isScalar(key) ? (key.source ?? String(key.value)) : '?';
      this.#remember(key, [...path, name]);
      return [name, this.read(value, [...path, name], schemaOf(schema, name))] as const;
    });
    return Object.fromEntries(entries);
  }

  #readAlias(node: Node, path: TreePath, schema: unknown): unknown {
    this.#aliases += 1;
    const target = isAlias(node) ? node.resolve(this.#document) : undefined;
    if (target !== undefined && this.#aliases <= maxAliases) return this.read(target, path, schema);
    const got = target === undefined ? 'an alias (*) without its anchor (&)' : 'more aliases';
    const expected =
      target === undefined
        ? 'a value, in quotes if it begins with *'
        : `at most ${String(maxAliases)} aliases`;
    if (this.#aliases <= maxAliases + 1) {
      this.faults.push(configFault(path, this.#place(node.range?.[0] ?? 0), expected, got));
    }
    return undefined;
  }

  #remember(node: unknown, path: TreePath): void {
    const range =
      isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    if (range) this.#origins.set(path, this.#place(range[0]));
  }
}

function scalarValue(node: Scalar, schema: unknown): unknown {
  const { value, source } = node;
  const isWord = typeof value === 'number' || typeof value === 'boolean';
  return isWord && source !== undefined && takesText(schema) ? source : value;
}
