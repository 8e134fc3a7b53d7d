import type { Finding } from './finding.js';

const verdictWidth = 'fault'.length;
const whatWidth = 'configuration'.length;

export function lineOf({ verdict, what, found, advice }: Finding): string {
  const told = advice === undefined ? found : `${found} -> ${advice}`;
  return `${verdict.padEnd(verdictWidth)}  ${what.padEnd(whatWidth)}  ${printable(told)}`;
}

export function asJson(findings: readonly Finding[]): string {
  const checks = findings.map(({ advice = null, ...finding }) => ({ ...finding, advice }));
  return JSON.stringify({ schema: 1, checks }, null, 2);
}

/** Brokers and makers have their own words: nothing in them may reach into the terminal, or be a line of its own. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
