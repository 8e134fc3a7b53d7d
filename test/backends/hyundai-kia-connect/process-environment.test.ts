import { expect, test } from 'vitest';
import { processEnvironment } from '../../../src/backends/hyundai-kia-connect/process-environment.js';

test('passes on what is listed, in either case, and nothing else', () => {
  const own = {
    PATH: '/usr/bin',
    HOME: '/home/me',
    LC_ALL: 'C.UTF-8',
    https_proxy: 'http://proxy:3128',
    NO_PROXY: 'broker.lan',
    REQUESTS_CA_BUNDLE: '/etc/ca.pem',
    TZ: 'Europe/Berlin',
    PYTHONPATH: '/somewhere/else',
    BLUELINK2MQTT_ACCOUNTS__0__PASSWORD: 'correct-horse',
    CREDENTIALS_DIRECTORY: '/run/credentials',
  };
  expect(processEnvironment(own, '/opt/sidecar')).toEqual({
    PATH: '/usr/bin',
    HOME: '/home/me',
    LC_ALL: 'C.UTF-8',
    https_proxy: 'http://proxy:3128',
    NO_PROXY: 'broker.lan',
    REQUESTS_CA_BUNDLE: '/etc/ca.pem',
    TZ: 'UTC',
    PYTHONPATH: '/opt/sidecar',
    PYTHONWARNINGS: 'ignore',
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  });
});
