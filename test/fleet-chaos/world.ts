import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosCar } from '../chaos/commands.js';
import type { Violation } from '../chaos/evidence.js';
import { settings } from '../chaos/settings.js';
import { Traffic } from '../chaos/traffic.js';
import { newest } from '../../src/cli/log-query.js';
import { ControlClient } from '../../src/http/control-client.js';
import { controlPath } from '../../src/http/control-path.js';
import type { AuditEntry } from '../../src/vehicle/audit-entry.js';
import { Cuttable } from '../support/cuttable.js';
import { type Mosquitto, startMosquitto } from '../support/mosquitto.js';
import { type NatsServer, startNats } from '../support/nats.js';
import { Claims } from './claims.js';
import { Fleet, base, fleetName } from './fleet.js';
import { Probes } from './probes.js';

export interface FleetWorldSize {
  readonly instances: number;
  readonly accounts: number;
  readonly carsPerAccount: number;
}

/** The ways of one instance, each of which can be cut. */
interface Lines {
  readonly mqtt: Cuttable;
  readonly nats: Cuttable;
}

/** So that a machine of two cores keeps up with three instances. */
const workersOfEach = 16;

/** A fleet with all that it depends on, each part of which can be taken away and comes back. */
export class FleetWorld {
  readonly broker: Mosquitto;
  readonly nats: NatsServer;
  readonly fleet: Fleet;
  readonly claims: Claims;
  readonly traffic: Traffic;
  readonly probes: Probes;
  readonly lines: ReadonlyMap<string, Lines>;

  private constructor(parts: {
    broker: Mosquitto;
    nats: NatsServer;
    fleet: Fleet;
    claims: Claims;
    traffic: Traffic;
    lines: ReadonlyMap<string, Lines>;
  }) {
    this.broker = parts.broker;
    this.nats = parts.nats;
    this.fleet = parts.fleet;
    this.claims = parts.claims;
    this.traffic = parts.traffic;
    this.lines = parts.lines;
    this.probes = new Probes(parts.traffic, parts.fleet);
  }

  /** Resolves when every instance runs; nothing of what they are to own need be owned yet. */
  static async start(size: FleetWorldSize): Promise<FleetWorld> {
    const [broker, nats] = await Promise.all([
      startMosquitto({ persistence: true, settings: ['max_inflight_messages 0'] }),
      startNats(),
    ]);
    const claims = await Claims.witness(nats, fleetName);
    const instances = Array.from({ length: size.instances }, (_, index) => `i${String(index)}`);
    const lines = new Map<string, Lines>();
    for (const instance of instances) {
      const [mqtt, toNats] = [await Cuttable.before(broker.port), await Cuttable.before(nats.port)];
      lines.set(instance, { mqtt, nats: toNats });
    }
    const fleet = await Fleet.prepare({
      ...{ broker, nats, instances },
      ...{ accounts: size.accounts, carsPerAccount: size.carsPerAccount },
      config: { ...settings, workers: { ...settings.workers, max: workersOfEach } },
      ways: (instance) => waysOf(lines.get(instance)),
    });
    const traffic = await Traffic.start(broker, base);
    const world = new FleetWorld({ broker, nats, fleet, claims, traffic, lines });
    await fleet.launchAll();
    return world;
  }

  get cars(): ChaosCar[] {
    return this.fleet.cars.map(({ alias }) => ({
      ...{ alias, unit: 'C' },
      extras: ['horn', 'lights', 'windows'],
    }));
  }

  linesOf(instance: string): Lines {
    const lines = this.lines.get(instance);
    if (lines === undefined) throw new Error(`no instance is called ${instance}`);
    return lines;
  }

  /** As a power cut, with a pause; resolves when who sends and records is back. */
  async killBroker(away_ms: number): Promise<void> {
    await this.broker.kill();
    await pause(away_ms);
    const back = this.traffic.back();
    await this.broker.start();
    await back;
  }

  /** All that the instances tell of commands; they have to run. Each entry once, whoever tells it; `found` gets who does not. */
  async journal(found: Violation[]): Promise<AuditEntry[]> {
    const entries = new Map<string, AuditEntry>();
    for (const instance of this.fleet.instances) {
      try {
        for (const entry of await this.#journalOf(instance)) entries.set(entry.key, entry);
      } catch (error) {
        found.push({ id: null, says: `${instance} does not tell its journal: ${String(error)}` });
      }
    }
    return [...entries.values()];
  }

  async #journalOf(instance: string): Promise<readonly AuditEntry[]> {
    const client = new ControlClient({
      path: controlPath(this.fleet.stateDir(instance)),
      ...{ signIn_ms: 30_000, signal: new AbortController().signal },
    });
    return newest((query) => client.commands(query), { since: 0 });
  }
}

function waysOf(lines: Lines | undefined) {
  if (lines === undefined) throw new Error('an instance without ways');
  return { mqtt: lines.mqtt.url, nats: `nats://127.0.0.1:${String(lines.nats.port)}` };
}
