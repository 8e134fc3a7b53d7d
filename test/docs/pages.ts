import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  /** What stands behind the fence: `sh`, `yaml`, `json`, or nothing. */
  readonly language: string;
  readonly lines: readonly string[];
}

/** One page of Markdown, as far as the tests have to understand it. */
export class Page {
  /** Its path in the repository. */
  readonly name: string;
  readonly lines: readonly string[];

  constructor(name: string) {
    this.name = name;
    this.lines = readFileSync(join(root, name), 'utf8').split('\n');
  }

  get blocks(): Block[] {
    const blocks: { language: string; lines: string[] }[] = [];
    let open: { language: string; lines: string[] } | undefined;
    for (const line of this.lines) {
      if (!line.startsWith('```')) open?.lines.push(line);
      else if (open === undefined) blocks.push((open = { language: line.slice(3), lines: [] }));
      else open = undefined;
    }
    return blocks;
  }

  /** What is not inside a block. */
  get prose(): string[] {
    let isInside = false;
    return this.lines.filter((line) => {
      if (line.startsWith('```')) isInside = !isInside;
      return !isInside;
    });
  }

  /** The rows of the table whose first column has this title, each as its cells. */
  table(title: string): string[][] {
    const start = this.lines.findIndex((line) => cells(line)[0] === title);
    if (start === -1) throw new Error(`${this.name} has no table of ${title}`);
    const rest = this.lines.slice(start + 2);
    return rest
      .slice(
        0,
        rest.findIndex((line) => !line.startsWith('|')),
      )
      .map(cells);
  }

  /** The words in code font in the first column of a table, braces expanded: `a.{b,c}` is `a.b` and `a.c`. */
  firstColumn(title: string): string[] {
    return this.table(title).flatMap(([first = '']) => codeWords(first).flatMap(expandBraces));
  }

  /** The names by which links find its headings. */
  get anchors(): string[] {
    return this.prose
      .filter((line) => line.startsWith('#'))
      .map((line) =>
        line
          .replace(/^#+ /, '')
          .toLowerCase()
          .replace(/[^\p{L}\p{N} _-]/gu, '')
          .replaceAll(' ', '-'),
      );
  }

  get links(): string[] {
    return [...this.prose.join('\n').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  }
}

function cells(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

export function codeWords(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

export function expandBraces(word: string): string[] {
  const [, before = '', list, after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(word) ?? [];
  return list === undefined ? [word] : list.split(',').map((one) => before + one + after);
}

function pagesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => relative(root, join(root, folder, name)));
}

export const allPages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...pagesIn('docs'),
].map((name) => new Page(name));

export function page(name: string): Page {
  const found = allPages.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no page ${name}`);
  return found;
}
