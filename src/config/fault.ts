/** Where a value came from: a file with a place in it, or a variable of the environment. */
export interface Origin {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export type TreePath = readonly (string | number)[];

/** One thing that is wrong with the configuration. Nothing in it shows a secret. */
export interface ConfigFault extends Origin {
  /** The key, such as `accounts.0.region`; empty for the file as a whole. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  /** All of it in one line, such as `bluelink2mqtt.yaml:12:5 mqtt.version: expected …, got …`. */
  readonly message: string;
}

export function configFault(
  path: TreePath,
  origin: Origin,
  expected: string,
  got: string,
): ConfigFault {
  const message = `${subjectOf(path, origin)}: expected ${expected}, got ${got}`;
  return { ...origin, path: path.join('.'), expected, got, message };
}

/** Where a value is and what it is called, such as `bluelink2mqtt.yaml:12:5 mqtt.version`. */
export function subjectOf(path: TreePath, { file, line, column }: Origin): string {
  const place = [file, line, column].filter((part) => part !== undefined);
  return [place.join(':'), path.join('.')].filter((part) => part !== '').join(' ');
}

/** Where each value of the tree came from. */
export class Origins {
  readonly #byPath = new Map<string, Origin>();
  readonly #whole: Origin;

  /** `whole` stands for what no single value can be blamed for. */
  constructor(whole: Origin) {
    this.#whole = whole;
  }

  set(path: TreePath, origin: Origin): void {
    this.#byPath.set(JSON.stringify(path), origin);
  }

  /** The origin of the value, or of the nearest one around it when the value is missing. */
  of(path: TreePath): Origin {
    for (let length = path.length; length > 0; length -= 1) {
      const origin = this.#byPath.get(JSON.stringify(path.slice(0, length)));
      if (origin !== undefined) return origin;
    }
    return this.#whole;
  }

  isKnown(path: TreePath): boolean {
    return this.#byPath.has(JSON.stringify(path));
  }
}
