import { europe } from './region-europe.js';
import { describeRegions } from './region-suite.js';

// With all of the library's own 25 s after a wake.
describeRegions('an account in Europe that has time', [europe('kia')]);
