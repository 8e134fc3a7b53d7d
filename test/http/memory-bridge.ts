import { v7 as uuidv7 } from 'uuid';
import type { AccountReport, BridgeApi, VehicleDocuments } from '../../src/http/bridge-api.js';
import { healthOf, type Health } from '../../src/daemon/health.js';
import { LiveEvents, type LiveEvent } from '../../src/http/live-events.js';
import type { AuditPage, AuditQuery } from '../../src/vehicle/audit-entry.js';
import { readFields } from '../../src/vehicle/command.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { failure, type Failure } from '../../src/vehicle/outcome.js';
import type { VehicleInfo } from '../../src/vehicle/vehicle-info.js';

export const aVehicle = {
  vehicle: 'ioniq5',
  id: 'vendor-1',
  vin: 'KMHXX00XXXX000001',
  name: 'Ioniq 5',
  model: 'IONIQ 5',
  year: 2023,
  brand: 'hyundai',
  drivetrain: 'ev',
} as const;

const info: VehicleInfo = {
  schema: 1,
  id: aVehicle.vehicle,
  vin: aVehicle.vin,
  name: aVehicle.name,
  brand: aVehicle.brand,
  model: aVehicle.model,
  year: aVehicle.year,
  drivetrain: aVehicle.drivetrain,
  region: 'usa',
  account: 'home',
  backend: 'simulator',
  library: null,
  commands: {},
};

/** Not read yet. */
export const aCar: VehicleDocuments = { vehicle: 'ioniq5', available: true, info, state: null };

export const readyAccount: AccountReport = {
  name: 'home',
  state: 'ready',
  reason: null,
  challenge: null,
  session_expires_at: null,
  library: 'a library 1.0',
  vehicles: [aVehicle],
};

/** How the vendor of an account behaves in a test. */
export interface Vendor {
  /** The code it sends, whichever way; without one it wants none. */
  readonly code?: string;
  /** What its sign-in answers instead. */
  readonly refuses?: Failure;
  /** What it answers to who wants a code sent. */
  readonly sendsNone?: Failure;
}

const waits = { schema: 1, seq: 1, vehicle: null, at: '2026-11-22T10:15:00.123Z' } as const;

/** The bridge as HTTP sees it, in memory: accounts that sign in, and commands that end at once. */
export class MemoryBridge implements BridgeApi {
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  /** What the next commands are answered instead. */
  rejects: Partial<LifeCycleEvent> | undefined;
  /** Held back until it resolves. */
  answers: Promise<void> = Promise.resolve();
  /** What its sign-ins throw, and what reads its store. */
  fails: Error | undefined;
  /** What its audit log answers. */
  audit: AuditPage = { commands: [], cursor: null };
  readonly documents: VehicleDocuments[] = [];
  /** Its own state; null while it starts or stops. */
  document: unknown = { schema: 1, version: '1.2.3' };
  /** Why it is not healthy. */
  readonly faults: string[] = [];
  /** Why it is not ready. */
  readonly absences: string[] = [];
  readonly live = new LiveEvents();
  /** How many look on now. */
  listeners = 0;

  readonly #accounts: Map<string, AccountReport>;
  readonly #vendors: Readonly<Record<string, Vendor>>;
  readonly #events = new Map<string, LifeCycleEvent[]>();
  readonly #isSent = new Set<string>();

  constructor(
    accounts: readonly AccountReport[] = [readyAccount],
    vendors: Readonly<Record<string, Vendor>> = {},
  ) {
    this.#accounts = new Map(accounts.map((account) => [account.name, account]));
    this.#vendors = vendors;
  }

  health(): Health {
    return healthOf(this.faults);
  }

  readiness(): Health {
    return healthOf([...this.faults, ...this.absences]);
  }

  metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    return Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' });
  }

  listen(listener: (event: LiveEvent) => void): () => void {
    this.listeners += 1;
    const remove = this.live.listen(listener);
    return () => {
      this.listeners -= 1;
      remove();
    };
  }

  state(): unknown {
    return this.document;
  }

  vehicles(): readonly VehicleDocuments[] {
    return this.documents;
  }

  vehicle(id: string): VehicleDocuments | undefined {
    return this.documents.find(
      ({ vehicle, info }) => vehicle === id || info.vin?.toLowerCase() === id.toLowerCase(),
    );
  }

  accounts(): readonly AccountReport[] {
    return [...this.#accounts.values()];
  }

  account(name: string): AccountReport | undefined {
    return this.#accounts.get(name);
  }

  async login(name: string): Promise<AccountReport | undefined> {
    this.asked.push(`login ${name}`);
    await this.answers;
    if (this.fails !== undefined) throw this.fails;
    const { code, refuses } = this.#vendors[name] ?? {};
    if (refuses !== undefined) {
      const state = refuses.code === 'unavailable' ? 'unreachable' : 'refused';
      return this.#change(name, { state, reason: refuses });
    }
    if (code === undefined) return this.#open(name);
    return this.#change(name, {
      state: 'otp_required',
      reason: failure('otp_required', 'the vendor wants a code'),
      challenge: { methods: ['email', 'sms'], email: 'a***@b.c', sms: '***1234' },
    });
  }

  async list(name: string): Promise<AccountReport | undefined> {
    this.asked.push(`list ${name}`);
    await this.answers;
    if (this.fails !== undefined) throw this.fails;
    return this.#accounts.get(name);
  }

  command(target: string, name: string, payload: Uint8Array): Promise<LifeCycleEvent> {
    const text = Buffer.from(payload).toString();
    const to = target === 'bridge' ? '' : `${target}: `;
    this.asked.push(`${to}${name} ${text}`);
    const fields = readFields(payload);
    const value = fields.ok ? fields.value : {};
    const id = typeof value['id'] === 'string' ? value['id'] : uuidv7();
    const accepted: LifeCycleEvent = { ...waits, id, command: name, status: 'accepted' };
    if (this.rejects !== undefined) {
      return Promise.resolve({ ...accepted, seq: 0, status: 'rejected', ...this.rejects });
    }
    const known = this.#events.get(id)?.at(-1);
    if (known !== undefined) return Promise.resolve({ ...known, replayed: true });
    const reason = name === 'otp' ? this.#otp(value) : undefined;
    const ending: LifeCycleEvent =
      reason === undefined
        ? { ...accepted, seq: 2, status: 'succeeded' }
        : { ...accepted, seq: 2, status: 'failed', code: reason.code, message: reason.message };
    this.#events.set(id, [accepted]);
    // A reader sees it on its way first.
    setTimeout(() => this.#events.get(id)?.push(ending), 5);
    return Promise.resolve(accepted);
  }

  events(id: string): Promise<readonly LifeCycleEvent[] | undefined> {
    if (this.fails !== undefined) return Promise.reject(this.fails);
    return Promise.resolve(this.#events.get(id));
  }

  commands(query: AuditQuery): Promise<AuditPage> {
    this.asked.push(`commands ${JSON.stringify(query)}`);
    if (this.fails !== undefined) return Promise.reject(this.fails);
    return Promise.resolve(this.audit);
  }

  #otp({ account, method, code }: Record<string, unknown>): Failure | undefined {
    const name = String(account);
    const vendor = this.#vendors[name] ?? {};
    if (method !== undefined) {
      if (vendor.sendsNone === undefined) this.#isSent.add(name);
      return vendor.sendsNone;
    }
    if (!this.#isSent.has(name) || code !== vendor.code) {
      return failure('otp_required', 'the code was not accepted');
    }
    this.#open(name);
    return undefined;
  }

  #open(name: string): AccountReport | undefined {
    return this.#change(name, { state: 'ready', reason: null, challenge: null });
  }

  #change(name: string, changed: Partial<AccountReport>): AccountReport | undefined {
    const held = this.#accounts.get(name);
    if (held === undefined) return undefined;
    const now = { ...held, ...changed };
    this.#accounts.set(name, now);
    return now;
  }
}
