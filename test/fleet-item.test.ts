import { describe, expect, test } from 'vitest';
import { OwnedItem } from '../src/fleet-item.js';

/** A lease that can be lost. */
function aLease() {
  const end = new AbortController();
  return {
    isHeld: () => !end.signal.aborted,
    remaining_ms: 1000,
    signal: end.signal,
    lose: () => {
      end.abort();
    },
  };
}

function setting() {
  const said: string[] = [];
  let nth = 0;
  const begin = () => {
    const own = (nth += 1);
    said.push(`start ${own}`);
    return Promise.resolve({
      stop: (why: string) => {
        said.push(`stop ${own} ${why}`);
        return Promise.resolve();
      },
    });
  };
  return { said, begin, item: new OwnedItem<Awaited<ReturnType<typeof begin>>>() };
}

describe('what is owned now and then', () => {
  test('is stopped before it is started again, however quickly that is asked', async () => {
    const { said, begin, item } = setting();
    const lease = aLease();
    await Promise.all([
      item.start(lease, begin),
      item.stop('released'),
      item.start(lease, begin),
      item.restart(),
      item.stop('lost'),
    ]);
    expect(said).toEqual(['start 1', 'stop 1 released', 'start 2', 'stop 2 lost']);
    expect(item.running).toBeUndefined();
    expect(item.isOver).toBe(true);
  });

  test('does not run where it was lost while it was started', async () => {
    const { said, begin, item } = setting();
    const lease = aLease();
    const started = item.start(lease, begin);
    lease.lose();
    await expect(started).rejects.toThrow('lost');
    expect(said).toEqual(['start 1', 'stop 1 lost']);
    expect(item.running).toBeUndefined();
  });

  test('is restarted with what has changed', async () => {
    const { said, begin, item } = setting();
    await item.start(aLease(), begin);
    await item.restart();
    expect(said).toEqual(['start 1', 'stop 1 released', 'start 2']);
    expect(item.running).toBeDefined();
  });

  test('is not restarted where it is not owned', async () => {
    const { said, item } = setting();
    await item.restart();
    expect(said).toEqual([]);
  });
});
