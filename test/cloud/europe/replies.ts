import { randomUUID } from 'node:crypto';
import { type CloudRequest, type Reply, json } from '../wire.js';

/** The token of an `authorization` header. */
export function bearerOf({ headers }: CloudRequest): string {
  return (headers['authorization'] ?? '').replace(/^Bearer /, '');
}

/** The new vehicle servers. */
export const gspa = {
  ok: (data: unknown, status: 200 | 202 = 200): Reply =>
    json({ data, metaInfo: meta('S', `${String(status)}-000`) }, status),
  error: (status: number, resCode: string, message: string): Reply =>
    json({ metaInfo: { ...meta('F', resCode), message } }, status),
  unauthorized: (): Reply => gspa.error(401, '401-001', 'Unauthorized'),
  duplicate: (): Reply => gspa.error(400, '400-004', 'Duplicate request'),
  rateLimited: (status = 429): Reply => gspa.error(status, '429-001', 'Too many requests'),
  noSuchRoute: (path: string): Reply =>
    json({ status: 404, error: 'Not Found', message: 'No static resource', path }, 404),
};

const meta = (retCode: 'S' | 'F', resCode: string) => ({ retCode, resCode, msgId: randomUUID() });

/** The token servers; their codes are numbers. */
export const cci = {
  error: (status: number, code: number, message: string): Reply => json({ code, message }, status),
  unauthorized: (): Reply => cci.error(401, 4010, 'Invalid access token'),
  refreshTokenExpired: (): Reply => cci.error(401, 4111, 'Refresh token is expired'),
  rateLimited: (status = 429): Reply => cci.error(status, 4290, 'Too many requests'),
};
