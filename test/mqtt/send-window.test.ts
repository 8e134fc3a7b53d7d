import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SendWindow } from '../../src/mqtt/send-window.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('no more are out than the broker takes, and all leave in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.constantFrom('send', 'acknowledge', 'refuse'), { maxLength: 40 }),
      async (most, steps) => {
        const window = new SendWindow(most);
        const out: { resolve: () => void; reject: (error: Error) => void }[] = [];
        const left: number[] = [];
        const results: Promise<string>[] = [];
        for (const step of steps) {
          if (step === 'send') {
            const number = results.length;
            const sent = window.send(
              () =>
                new Promise((resolve, reject) => {
                  left.push(number);
                  out.push({ resolve, reject });
                }),
            );
            results.push(
              sent.then(
                () => 'ok',
                () => 'lost',
              ),
            );
          } else if (step === 'acknowledge') out.shift()?.resolve();
          else out.shift()?.reject(new Error('refused'));
          await turn();
          expect(out.length).toBeLessThanOrEqual(most);
        }
        window.close(new Error('over'));
        const settled = await Promise.all(results);
        expect(settled).toHaveLength(results.length);
        expect(left).toEqual(left.map((_, index) => index));
      },
    ),
    { numRuns: 200 },
  );
});

test('when it closes everything that waits or is out is told so, and what comes later', async () => {
  const window = new SendWindow(1);
  const never = () => new Promise<void>(() => undefined);
  const sent = [window.send(never), window.send(never)];
  window.close(new Error('gone'));
  for (const one of [...sent, window.send(never)]) await expect(one).rejects.toThrow('gone');
});
