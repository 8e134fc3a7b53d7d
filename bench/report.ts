import { isReached, ratioOf, type Finding, type Row } from './figure.js';

const headings = ['figure', 'measured', 'control', 'ratio', 'to reach', ''];

/** The findings as a table of Markdown. */
export function table(findings: readonly Finding[]): string {
  const cells = findings.map((finding) =>
    'skipped' in finding ? [finding.figure, finding.skipped, '', '', '', 'skipped'] : row(finding),
  );
  const widths = headings.map((heading, column) =>
    Math.max(...[heading, ...cells.map((line) => line[column] ?? '')].map(({ length }) => length)),
  );
  const line = (words: readonly string[]): string =>
    `| ${words.map((word, column) => word.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const notes = findings.flatMap((one) =>
    'skipped' in one || one.note === undefined ? [] : [`${one.figure}: ${one.note}`],
  );
  return [line(headings), rule, ...cells.map(line), '', ...notes].join('\n').trimEnd();
}

export function asJson(findings: readonly Finding[]): string {
  const rows = findings.map((finding) =>
    'skipped' in finding
      ? finding
      : { ...finding, ratio: ratioOf(finding) ?? null, ok: isReached(finding) ?? null },
  );
  return JSON.stringify(rows, undefined, 2);
}

function row(finding: Row): string[] {
  const { figure, value, unit, control, target } = finding;
  const ratio = ratioOf(finding);
  const reached = isReached(finding);
  return [
    figure,
    amount(value, unit),
    control === undefined ? '' : `${control.expression} = ${amount(control.value, unit)}`,
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
    target === undefined ? '' : wanted(target, unit),
    reached === undefined ? '' : reached ? 'ok' : 'missed',
  ];
}

function wanted(target: NonNullable<Row['target']>, unit: Row['unit']): string {
  const of = target.of === 'ratio' ? '×' : unit;
  return 'atMost' in target ? `≤ ${target.atMost} ${of}` : `≥ ${target.atLeast} ${of}`;
}

function amount(value: number, unit: Row['unit']): string {
  return `${value.toFixed(Math.abs(value) < 100 ? 2 : 0)} ${unit}`;
}
