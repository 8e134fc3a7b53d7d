// The fake clouds as a process of their own, for benchmarks and trials by hand:
//   node test/cloud/serve.mjs [cars] [force latency in ms]
// prints one JSON line with the environment and the credentials, which every region and brand knows, and ends at the end
// of standard input. A line there is one of the orders below: `otp on`, `codes`, `password other`.
import { createInterface } from 'node:readline';
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
const brandsOf = {
  canada: ['kia', 'hyundai', 'genesis'],
  usaKia: ['kia'],
  usaHyundai: ['hyundai'],
  australia: ['kia', 'hyundai', 'genesis'],
  brazil: ['hyundai'],
  china: ['kia', 'hyundai'],
  india: ['kia', 'hyundai'],
  europe: ['kia', 'hyundai', 'genesis'],
};
// Signatures are checked only where the test Python is there to do it.
const strict = process.env.BLUELINK2MQTT_TEST_PYTHON !== undefined;
const accounts = Object.entries(brandsOf)
  .flatMap(([region, brands]) => brands.map((brand) => ({ region, brand })))
  .map(({ region, brand }, index) => ({
    name: `${region} ${brand}`,
    // Other cars for each, so that one daemon can have them all.
    account: cloud.accounts[region]({
      ...owner,
      brand,
      strict,
      cars: Number(cars),
      seed: 7 + index,
    }),
  }));
if (Number(forceLatencyMs) > 0) {
  cloud.fault({ operation: 'force', effect: { is: 'latency', ms: Number(forceLatencyMs) } });
}
console.log(JSON.stringify({ environment: cloud.environment, ...owner }));

const withCodes = accounts.filter(({ account }) => 'otpRequired' in account);
const orders = {
  otp: (word) => withCodes.forEach(({ account }) => (account.otpRequired = word === 'on')),
  codes: () =>
    withCodes.forEach(({ name, account }) => console.log(`${name} ${String(account.lastCode)}`)),
  password: (word) => accounts.forEach(({ account }) => (account.password = word)),
  fault: (json) => cloud.fault(JSON.parse(json)),
  clear: () => cloud.clearFaults(),
  down: () => cloud.down(),
  up: () => cloud.up(),
  requests: () => {
    for (const { at, operation, method, host, path, status } of cloud.requests.all) {
      console.log(new Date(at).toISOString(), operation, method, host, path, status);
    }
    cloud.requests.clear();
  },
};

const stop = async () => {
  await cloud.stop();
  await vite.close();
  process.exit(0);
};
process.once('SIGTERM', stop).once('SIGINT', stop);
for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...words] = line.trim().split(' ');
  if (Object.hasOwn(orders, order)) await orders[order](words.join(' '));
  else console.error(`no such order; there are ${Object.keys(orders).join(', ')}`);
}
await stop();
