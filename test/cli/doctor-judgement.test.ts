import { expect, test } from 'vitest';
import { testedLock } from '../../src/backends/hyundai-kia-connect/lock-file.js';
import { judgeFailure, judgeReport } from '../../src/cli/doctor/accounts.js';
import { connectFault } from '../../src/cli/doctor/broker-fault.js';
import { judgeClock } from '../../src/cli/doctor/clock.js';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { judgeLibrary } from '../../src/cli/doctor/judge-library.js';
import { isAtLeast } from '../../src/cli/doctor/node.js';
import { asJson, lineOf } from '../../src/cli/doctor/report.js';
import { judgeUnit, propertiesIn } from '../../src/cli/doctor/service.js';
import type { BridgeOptions } from '../../src/bridge.js';
import { failure, type FailureCode } from '../../src/vehicle/outcome.js';
import { readyAccount } from '../http/memory-bridge.js';

test.each([
  ['20.19.0', '20.19', true],
  ['20.18.9', '20.19', false],
  ['22.0.0', '20.19', true],
  ['18.20.1', '20.19', false],
])('Node %s beside %s', (version, oldest, isEnough) => {
  expect(isAtLeast(version, oldest)).toBe(isEnough);
});

const tested = testedLock(12).library;
const last = testedLock(10).library;

test.each([
  [tested, true, 'europe', 'ok'],
  ['99.0.0', true, 'europe-cci', 'ok'],
  [last, false, 'europe', 'fault'],
  [last, false, 'europe-cci', 'fault'],
  // An old one on a new Python signs in no better.
  [last, true, 'europe', 'fault'],
  [last, false, 'australia', 'warn'],
  [last, true, 'usa', 'warn'],
])('the library %s (supported: %s) in %s', (library, supported, region, verdict) => {
  const minor = supported ? 12 : 10;
  const hello = { library, supported, python: `3.${String(minor)}.0` };
  expect(judgeLibrary(hello, minor, [{ name: 'home', region }])[0]).toBe(verdict);
});

test('the library for an old Python is the tested one there, outside of Europe', () => {
  const hello = { library: last, supported: false, python: '3.10.0' };
  expect(judgeLibrary(hello, 10, [{ name: 'home', region: 'usa' }])[0]).toBe('ok');
});

const now = Date.parse('2026-11-22T12:00:00Z');

test.each([
  [undefined, true, 'ok'],
  [now - 1000, undefined, 'ok'],
  [now + 59_000, true, 'ok'],
  [now, false, 'warn'],
  [now + 61_000, true, 'fault'],
])('the clock, with a store of %s, synchronised: %s', (newestStored, isSynchronised, verdict) => {
  expect(judgeClock({ now, newestStored, isSynchronised })[0]).toBe(verdict);
});

function unit(text: string): Pick<Finding, 'verdict' | 'advice'>[] {
  const told: Pick<Finding, 'verdict' | 'advice'>[] = [];
  judgeUnit(propertiesIn(text), (verdict, _, advice) => {
    told.push({ verdict, ...(advice === undefined ? {} : { advice }) });
  });
  return told;
}

test('the unit of systemd: not there, running, off, failed, starting over and over', () => {
  const loaded = 'LoadState=loaded\nUnitFileState=enabled\n';
  expect(unit('LoadState=not-found\nActiveState=inactive\n')).toEqual([{ verdict: 'ok' }]);
  expect(unit(`${loaded}ActiveState=active\nSubState=running\n`)).toEqual([{ verdict: 'ok' }]);
  expect(unit(`${loaded}ActiveState=inactive\nSubState=dead\n`)).toMatchObject([
    { verdict: 'warn', advice: '`sudo systemctl start bluelink2mqtt.service`' },
  ]);
  expect(unit(`${loaded}ActiveState=failed\nSubState=failed\nResult=exit-code\n`)).toMatchObject([
    { verdict: 'fault' },
  ]);
  expect(unit(`${loaded}ActiveState=activating\nSubState=auto-restart\n`)).toMatchObject([
    { verdict: 'fault' },
  ]);
  const disabled = 'LoadState=loaded\nUnitFileState=disabled\nActiveState=active\n';
  expect(unit(disabled)).toMatchObject([
    { verdict: 'ok' },
    { verdict: 'warn', advice: '`sudo systemctl enable bluelink2mqtt.service`' },
  ]);
  expect(unit('LoadState=masked\n')).toMatchObject([{ verdict: 'fault' }]);
});

test('an account tells how it stands and what to do', () => {
  expect(judgeReport(readyAccount)[0]).toBe('ok');
  expect(judgeReport({ ...readyAccount, state: 'signing_in' })[0]).toBe('warn');
  const refused = failure('auth_failed', 'no');
  const [verdict, found, advice] = judgeReport({
    ...readyAccount,
    state: 'refused',
    reason: refused,
  });
  expect({ verdict, advice }).toEqual({
    verdict: 'fault',
    advice: `mend username and password, then \`bluelink2mqtt login ${readyAccount.name}\``,
  });
  expect(found).toContain('auth_failed');
  const codes: FailureCode[] = ['unavailable', 'internal', 'consent_required', 'pin_rejected'];
  for (const code of codes) expect(judgeFailure('home', failure(code, 'x'))[0]).toBe('fault');
  expect(judgeFailure('home', failure('rate_limited', 'x'))[0]).toBe('warn');
});

test('a certificate that is not trusted leads to the settings of TLS', () => {
  const mqtt = { url: 'mqtts://broker.lan' } as BridgeOptions['mqtt'];
  const error = Object.assign(new Error('self-signed certificate'), {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  expect(connectFault(error, mqtt)[2]).toContain('mqtt.ca_file');
});

test('words of others stay within their line', () => {
  const finding: Finding = { verdict: 'warn', what: 'broker', found: 'a\nb\u001b[2J', advice: 'c' };
  expect(lineOf(finding)).toBe('warn   broker         a b [2J -> c');
  expect(JSON.parse(asJson([finding]))).toEqual({ schema: 1, checks: [finding] });
});
