import { pythonWithShortSleeps } from '../support/short-sleeps.js';
import { europe } from './region-europe.js';
import { describeRegions } from './region-suite.js';

describeRegions(
  'accounts in Europe',
  [europe('hyundai'), europe('kia', 'legacy'), europe('genesis')],
  // A forced refresh takes a second instead of 25.
  { python: () => pythonWithShortSleeps(0.04) },
);
