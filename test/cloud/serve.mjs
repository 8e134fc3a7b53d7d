// The fake clouds as a process of their own, for benchmarks and trials by hand:
//   node test/cloud/serve.mjs [cars] [force latency in ms]
// prints one JSON line with the environment and the credentials, and ends at the end of standard input.
import { createViteServer } from 'vitest/node';

const [cars = '2', forceLatencyMs = '0'] = process.argv.slice(2);
const vite = await createViteServer({
  configFile: false,
  root: new URL('../..', import.meta.url).pathname,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
});
const { startCloud } = await vite.ssrLoadModule('/test/cloud/cloud.ts');
const cloud = await startCloud();
const owner = { username: 'driver@example.com', password: 'sesame', pin: '1234' };
cloud.accounts.usaKia({ ...owner, cars: Number(cars) });
cloud.accounts.usaHyundai({ ...owner, cars: Number(cars) });
if (Number(forceLatencyMs) > 0) {
  cloud.fault({ operation: 'force', effect: { is: 'latency', ms: Number(forceLatencyMs) } });
}
console.log(JSON.stringify({ environment: cloud.environment, ...owner }));

const stop = async () => {
  await cloud.stop();
  await vite.close();
  process.exit(0);
};
process.stdin.resume().once('end', stop);
process.once('SIGTERM', stop).once('SIGINT', stop);
