/** Whether the promise settles, either way, before the time is over. */
export function settlesWithin(promise: Promise<unknown>, time_ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time_ms, false);
    const settled = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
