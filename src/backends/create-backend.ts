import { Bluelinky } from './bluelinky/adapter.js';
import type { BluelinkySettings } from './bluelinky/settings.js';
import type { BackendNotes, VehicleBackend } from './contract.js';
import { HyundaiKiaConnect } from './hyundai-kia-connect/adapter.js';
import type { HyundaiKiaConnectSettings } from './hyundai-kia-connect/settings.js';
import { createSimulator } from './simulator.js';
import type { SimulatorSettings } from './simulator.js';

/** Which backend, and all that it needs. Plain data: it crosses into the thread as it is. */
export type BackendSettings = BluelinkySettings | HyundaiKiaConnectSettings | SimulatorSettings;

export function createBackend(settings: BackendSettings, notes: BackendNotes): VehicleBackend {
  switch (settings.backend) {
    case 'hyundai-kia-connect':
      return HyundaiKiaConnect.start(settings, notes);
    case 'bluelinky':
      return new Bluelinky(settings, notes);
    case 'simulator':
      return createSimulator(settings, notes);
  }
}
