import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { root } from './pages.js';

/** Holds a part of a page, between `<!-- name:begin -->` and `<!-- name:end -->`, to what a test has found out. */
export function expectInPage(page: string, name: string, found: string): void {
  const file = join(root, page);
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  expect(text, `${page} has no part ${name}`).toContain(begin);
  expect(to, `${page} has no end of ${name}`).toBeGreaterThanOrEqual(from);
  if (process.env['UPDATE_DOCS'] === undefined) {
    expect(text.slice(from, to), 'UPDATE_DOCS=1 writes it').toBe(found);
  } else {
    writeFileSync(file, text.slice(0, from) + found + text.slice(to));
  }
}

/** A table of Markdown between two empty lines, its columns as wide as prettier makes them. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return `\n\n${[line(head), rule, ...rows.map(line)].join('\n')}\n\n`;
}
