import { beforeAll, describe } from 'vitest';
import { hasNats } from '../support/nats.js';
import { describeStore } from './conformance.js';
import { Partitions } from './nats-partitions.js';

describe.skipIf(!hasNats)('the store on NATS', () => {
  let partitions: Partitions;
  beforeAll(async () => {
    partitions = await Partitions.start();
  });

  describeStore('NATS', {
    open: (place) => partitions.open(place),
    newPlace: () => Promise.resolve(partitions.newName()),
  });
});
