import { describeDiscovery } from './discovery-suite.js';
import { versions } from './home-assistant.js';

describeDiscovery(versions.newest);
