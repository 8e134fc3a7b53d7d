import { europeCci } from './region-europe.js';
import { describeRegions } from './region-suite.js';

describeRegions('accounts at the new servers of Europe', [europeCci('hyundai'), europeCci('kia')]);
