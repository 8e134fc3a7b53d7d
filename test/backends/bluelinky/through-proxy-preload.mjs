// For a daemon under test, by `node --import`: its threads reach the fake cloud as `leadThroughProxy` does here.
import https from 'node:https';
import { tunnelAgent } from './tunnel-agent.ts';

const { HTTPS_PROXY, REQUESTS_CA_BUNDLE } = process.env;
if (HTTPS_PROXY === undefined || REQUESTS_CA_BUNDLE === undefined) {
  throw new Error('the environment of the fake cloud is missing');
}
https.globalAgent = tunnelAgent({ proxyUrl: HTTPS_PROXY, caFile: REQUESTS_CA_BUNDLE });
