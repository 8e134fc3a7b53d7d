import type { PlatformCommands } from '../platform-commands.js';
import type { Reads } from './reads.js';
import type { Steps } from './sign-in.js';

export type CcspBrand = 'hyundai' | 'kia' | 'genesis';

/** What one region's servers have of their own. */
export interface CcspRegion {
  /** The word for it among the regions of the simulated cars. */
  readonly name: string;
  /** The servers of each brand that is there. */
  readonly hosts: Readonly<Partial<Record<CcspBrand, readonly string[]>>>;
  readonly tokenLifetime_s: number;
  /** Whether the calls for cars need a stamp. */
  readonly needsStamp: boolean;
  /** Whether the list of cars tells their protocol. */
  readonly listsProtocol: boolean;
  /** `devices` are the device ids that the servers know. */
  readonly steps: (devices: Set<string>) => Steps;
  readonly reads: Reads;
  readonly commands: PlatformCommands;
}
