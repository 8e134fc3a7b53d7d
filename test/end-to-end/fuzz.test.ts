import { expect, test } from 'vitest';
import { runFlood } from '../fuzz/run-flood.js';
import { hasMosquitto } from '../support/mosquitto.js';

test.skipIf(!hasMosquitto)(
  'whatever is sent, each message is answered once and the bridge goes on serving',
  async () => {
    const { tally, exit } = await runFlood({ seed: 5, messages: 10_000 });
    expect(tally.answered).toBe(tally.deserving);
    // The noise was no mere noise: much of it was refused for good reasons, some of it was carried out.
    expect([...tally.byCode.keys()]).toEqual(
      expect.arrayContaining(['invalid_payload', 'accepted', 'unknown_command', 'unknown_vehicle']),
    );
    expect(exit.code).toBe(0);
  },
  180_000,
);
