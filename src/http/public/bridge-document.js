/** @typedef {{ state: string, failures: number, since: string, retry_at: string | null, reason: string | null }} Breaker */
/** @typedef {{ used: number, left: number | null, limit: number | null, resets_at: string, state: string, blocked_until: string | null }} Budget */
/** @typedef {{ next_poll_at: string | null, reason: string | null, held_by: string | null }} CarPolls */

/**
 * The bridge's own state (contract, section 6).
 * @typedef {object} BridgeDocument
 * @property {string} version
 * @property {string} started_at
 * @property {{ version: number | null, reconnects: number }} mqtt
 * @property {Record<string, { state: string, vehicles: string[] }>} accounts
 * @property {Record<string, Record<string, Breaker>>} breakers
 * @property {readonly import('../../dispatch/job-progress.js').JobDocument[]} jobs
 * @property {{ enabled: boolean, interval_min: number, next_poll_at: string | null, vehicles?: Record<string, CarPolls> }} polling
 * @property {string} log_level
 * @property {{ depth: number, running: number, oldest_ms: number | null }} queue
 * @property {{ threads: number, busy: number, waiting: number, processes: number }} pool
 * @property {Record<string, Budget>} budget
 * @property {{ p99_ms: number, max_ms: number }} event_loop
 * @property {{ code: string, message: string, at: string } | null} last_error
 */

export {};
