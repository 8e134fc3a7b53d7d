/** The values of a document one by one, each with its path: `ev.soc` and 81. A list is one value. */
export function leavesOf(document: object, within = ''): [path: string, value: unknown][] {
  return Object.entries(document).flatMap(([key, value]: [string, unknown]) => {
    const path = within === '' ? key : `${within}.${key}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return [[path, value] as [string, unknown]];
    }
    return leavesOf(value, path);
  });
}
