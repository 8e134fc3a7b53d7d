import { capabilitiesOf } from '../../src/vehicle/simulated-capabilities.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { stateDocumentSchema, type StateDocument } from '../../src/vehicle/state.js';
import { vehicleInfo } from '../../src/vehicle/vehicle-info.js';
import { MemoryBridge } from '../http/memory-bridge.js';

const startedAt = '2026-11-22T10:00:00.000Z';

/** A bridge in memory that has something to show: a car of the simulator, and a document of its own. */
export class ShownBridge extends MemoryBridge {
  constructor(more: Partial<StateDocument> = {}, name = 'Blue') {
    super();
    const { identity, ...car } = carOfSimulator();
    const { drivetrain } = identity;
    const limits = { capabilities: capabilitiesOf(identity), drivetrain };
    const listed = { id: 'vendor-1', vin: identity.vin, name, year: 2024, brand: 'hyundai' };
    const known = { topic_id: 'ioniq5', name, enabled: true, gone_at: null, identity: null };
    const info = vehicleInfo(
      { ...known, told: [], listed: { ...listed, model: 'Ioniq 5', drivetrain } },
      { region: 'europe', account: 'home', backend: 'simulator', library: 'a library 1.0' },
      { ...limits, allow: [], readOnly: false },
    );
    const state = stateDocumentSchema.parse({
      ...{ schema: 1, id: 'ioniq5', name, ...car.report },
      ...{ polled_at: new Date().toISOString(), source: 'cached', stale: false },
      command: { state: 'idle', id: null, command: null, code: null, at: null },
      ...more,
    });
    this.documents.push({ vehicle: 'ioniq5', available: true, info, state });
  }

  override state(): unknown {
    const closed = { state: 'closed', failures: 0, since: startedAt, retry_at: null, reason: null };
    const budget = { used: 120, left: 80, limit: 200, state: 'ok', blocked_until: null };
    return {
      ...{ schema: 1, version: '1.2.3', started_at: startedAt, log_level: 'info', jobs: [] },
      mqtt: { version: 5, reconnects: 0 },
      accounts: { home: { state: 'ready', vehicles: ['ioniq5'] } },
      breakers: { home: { read: closed, wake: closed } },
      polling: { enabled: true, interval_min: 30, next_poll_at: null, vehicles: {} },
      queue: { depth: 0, running: 0, oldest_ms: null },
      pool: { threads: 1, busy: 0, waiting: 0, processes: 1 },
      budget: { home: { ...budget, resets_at: '2026-11-23T00:00:00.000Z' } },
      event_loop: { p99_ms: 11, max_ms: 20 },
      last_error: { code: 'unavailable', message: 'the cloud is away', at: startedAt },
    };
  }
}

function carOfSimulator() {
  const car = SimulatedCar.create({ index: 0, seed: 7 }, { now: Date.now });
  return { identity: car.identity, report: car.report() };
}
