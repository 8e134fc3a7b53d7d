import { leavesOf } from '../vehicle/leaves.js';

/**
 * The values of a document one by one, each with the path of its topic: `ev/soc` and `81`. What is unknown is empty,
 * which at a broker clears the topic; a list is JSON.
 */
export function flatValues(document: object): [path: string, value: string][] {
  return leavesOf(document).map(([path, value]) => [path.replaceAll('.', '/'), bare(value)]);
}

function bare(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
