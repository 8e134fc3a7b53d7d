import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../docs/pages.js';

const page = join(root, 'docs/care.md');
const [begin, end] = ['<!-- week:begin -->', '<!-- week:end -->'] as const;

/** What stands in the page where the week's table belongs; undefined without its marks. */
export function tableInPage(): string | undefined {
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  return from === -1 || to < from ? undefined : text.slice(from + begin.length, to);
}

/** Puts the table into the page. */
export function writeTable(table: string): void {
  const before = tableInPage() ?? '';
  const text = readFileSync(page, 'utf8');
  writeFileSync(page, text.replace(begin + before + end, begin + table + end));
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
