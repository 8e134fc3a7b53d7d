/**
 * The values of a document one by one, each with its path: `ev/soc` and `81`. What is unknown is empty, which at a
 * broker clears the topic; a list is JSON.
 */
export function flatValues(document: object, path = ''): [path: string, value: string][] {
  return Object.entries(document).flatMap(([key, value]: [string, unknown]) => {
    const here = path === '' ? key : `${path}/${key}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return flatValues(value, here);
    }
    return [[here, bare(value)] as [string, string]];
  });
}

function bare(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
