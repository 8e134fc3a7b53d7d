import { execFile, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GrowingList } from '../support/growing-list.js';
import { onTeardown } from '../support/teardown.js';

/** The newest release, and the oldest that is supported. */
export const versions = { newest: '2026.11.0', oldest: '2025.10.4' } as const;

/** An entity as Home Assistant's registry has it, with its state; null where it is disabled. */
export interface HaEntity {
  readonly entity_id: string;
  readonly unique_id: string;
  readonly name: string | null;
  readonly device: string | null;
  readonly device_class: string | null;
  readonly unit: string | null;
  readonly state_class: string | null;
  readonly options: readonly string[] | null;
  readonly entity_category: string | null;
  readonly icon: string | null;
  readonly disabled_by: string | null;
  readonly state: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface HaDevice {
  readonly name: string | null;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly identifiers: readonly string[];
  readonly via_device: string | null;
}

export interface HaFault {
  readonly level: string;
  readonly rule: string;
  readonly where: string;
  readonly text: string;
}

export interface HaLogLine {
  readonly at: string;
  readonly level: string;
  readonly logger: string;
  readonly message: string;
}

/** A state that an entity has just taken; null: it is gone. */
export interface HaChange {
  readonly entity_id: string;
  readonly state: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const harness = join(import.meta.dirname, 'harness');

/** Where a version is installed; outside the repository, as it is large and outlives a clone. */
export function folderOf(version: string): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(cache, 'bluelink2mqtt', 'home-assistant', version);
}

interface HaEvent {
  readonly data?: {
    readonly entity_id: string;
    readonly new_state: Omit<HaChange, 'entity_id'> | null;
  };
}

/** A real Home Assistant whose MQTT integration is connected to a broker on this machine. */
export class HomeAssistant {
  readonly #folder: string;
  readonly #name: string;

  private constructor(version: string, name: string) {
    this.#folder = folderOf(version);
    this.#name = name;
  }

  /** A new one without a past, under a name that nobody else uses; ended with the tests. */
  static async start(
    version: string,
    name: string,
    brokerPort: number,
    units: 'metric' | 'us_customary' = 'metric',
  ): Promise<HomeAssistant> {
    const started = new HomeAssistant(version, name);
    onTeardown(async () => {
      await started.stop();
    });
    const broker = `127.0.0.1:${String(brokerPort)}`;
    await started.#ask('start', '--fresh', '--broker', broker, '--units', units);
    return started;
  }

  entities = (): Promise<HaEntity[]> => this.#ask('entities');
  devices = (): Promise<HaDevice[]> => this.#ask('devices');
  /** Entity ids and states, of what is enabled. */
  states = (): Promise<Record<string, string>> => this.#ask('states');
  /** Warnings and errors since the last start. */
  log = (): Promise<HaLogLine[]> => this.#ask('log');
  restart = (): Promise<unknown> => this.#ask('restart');
  stop = (): Promise<unknown> => this.#ask('stop');

  /** Calls a service, such as `lock.lock`. */
  call(service: string, entity: string, data: object = {}): Promise<unknown> {
    return this.#ask('call', service, entity, JSON.stringify(data));
  }

  /** Waits for a state (`*`: any known one); rejects where it does not come. */
  async wait(entity: string, state: string, seconds: number): Promise<{ state: string }> {
    const words = ['wait', entity, state, String(seconds)];
    const found = await this.#ask<{ state: string } | null>(...words);
    const isKnown = found !== null && !['unknown', 'unavailable'].includes(found.state);
    if (found === null || (state === '*' ? !isKnown : found.state !== state))
      throw new Error(
        `waited ${String(seconds)} s for ${entity} to be ${state}: ${String(found?.state)}`,
      );
    return found;
  }

  /** Any command of its websocket API. */
  websocket<T>(type: string, fields: object = {}): Promise<T> {
    return this.#ask('ask', type, JSON.stringify(fields));
  }

  /** Every change of a state from now on, until it is stopped or started anew. */
  async changes(): Promise<GrowingList<HaChange>> {
    const args = [this.#folder, '--name', this.#name, 'events', '--seconds', '600'];
    const process = spawn(harness, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    onTeardown(() => {
      process.kill();
    });
    const lines = new GrowingList<string>();
    const changes = new GrowingList<HaChange>();
    createInterface(process.stdout).on('line', (line) => {
      lines.add(line);
      const { data } = JSON.parse(line) as HaEvent;
      if (data === undefined) return;
      const { entity_id, new_state } = data;
      changes.add({ entity_id, ...(new_state ?? { state: null, attributes: {} }) });
    });
    await lines.waitFor(
      () => true,
      20_000,
      () => 'a listener in Home Assistant',
    );
    return changes;
  }

  /** What somebody who knows Home Assistant would find wrong with what it has discovered. */
  check(...options: readonly string[]): Promise<HaFault[]> {
    return this.#ask('check', ...options);
  }

  /** What the harness prints, whether it is content or not; rejects where it prints nothing but an error. */
  #ask<T>(...words: readonly string[]): Promise<T> {
    return new Promise((resolve, reject) => {
      const args = [this.#folder, '--name', this.#name, ...words];
      execFile(harness, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        if (error !== null && stdout === '') reject(new Error(stderr || error.message));
        else resolve((stdout === '' ? null : JSON.parse(stdout)) as T);
      });
    });
  }
}
