import { TestRunner, afterAll, onTestFinished } from 'vitest';

type End = () => Promise<void> | void;

const endsOfTheFile: End[] = [];

afterAll(async () => {
  for (const end of endsOfTheFile.splice(0).reverse()) await end();
});

/** Runs `end` when the running test is over, or, called from `beforeAll`, when the file is; newest first. */
export function onTeardown(end: End): void {
  if (TestRunner.getCurrentTest() === undefined) endsOfTheFile.push(end);
  else onTestFinished(end);
}
