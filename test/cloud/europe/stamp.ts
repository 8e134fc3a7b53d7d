import type { CloudRequest } from '../wire.js';
import type { EuropeAccount, EuropeBrand } from './account.js';
import { StampCipher } from './stamp-cipher.js';

const tolerance_ms = 300_000;
const requestIdEpoch = Date.UTC(2020, 0, 1);
const ciphers = new Map<EuropeBrand, StampCipher>();

/** What is wrong with a request's stamp, in words for a person who looks for the fault; undefined when it is right. */
export function stampFault(
  { headers }: CloudRequest,
  account: EuropeAccount,
  device: string,
): string | undefined {
  const requestId = headers['x-request-id'] ?? '';
  const now = account.now();
  const idFault = requestIdFault(requestId, device, now);
  if (idFault !== undefined) return idFault;
  const cipher = ciphers.get(account.brand) ?? StampCipher.of(account.brand);
  ciphers.set(account.brand, cipher);
  const stamp = Buffer.from(headers['x-stamp'] ?? '', 'base64');
  const [id, seconds, uid] = cipher.decrypt(stamp).toString('latin1').split(':');
  if (id !== requestId) return 'stamp of another request';
  if (!isNear(Number(seconds) * 1000, now)) return 'stamp of another time';
  return uid === account.uid ? undefined : 'stamp of another user';
}

/** 5 bytes of time, the first 8 bytes of the device id, 1 byte. */
function requestIdFault(requestId: string, device: string, now: number): string | undefined {
  const bytes = Buffer.from(requestId, 'base64');
  if (bytes.length !== 14) return 'malformed request id';
  if (!isNear(requestIdEpoch + bytes.readUIntBE(0, 5), now)) return 'request id of another time';
  const node = bytes.subarray(5, 13).toString('hex');
  return device.replaceAll('-', '').startsWith(node) ? undefined : 'request id of another device';
}

const isNear = (time: number, now: number): boolean => Math.abs(time - now) <= tolerance_ms;
