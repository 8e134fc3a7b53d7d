/** Whether the system said this code (`ENOENT`, `ECONNREFUSED`). */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
