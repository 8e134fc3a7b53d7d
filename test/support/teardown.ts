type End = () => Promise<void> | void;

// The benches use the same brokers and daemons outside of vitest, which cannot be loaded there.
const vitest = process.env['VITEST'] === undefined ? undefined : await import('vitest');

const ends: End[] = [];

vitest?.afterAll(endAll);

/**
 * Runs `end` when the running test is over, or, called from `beforeAll`, when the file is; newest first.
 * Outside of vitest when `endAll` is called.
 */
export function onTeardown(end: End): void {
  if (vitest?.TestRunner.getCurrentTest() === undefined) ends.push(end);
  else vitest.onTestFinished(end);
}

/** Runs `end` when the file is over, behind all that was said to `onTeardown`. */
export function onFileEnd(end: End): void {
  ends.unshift(end);
}

/** One that fails does not keep the others from ending; what they all said is thrown at the end. */
export async function endAll(): Promise<void> {
  const errors: unknown[] = [];
  for (const end of ends.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'some parts did not end cleanly');
}
