import type { Clock } from '../daemon/clock.js';
import type { Ending } from '../vehicle/life-cycle.js';
import { wellKnown } from '../vehicle/outcome.js';
import type { RemoteAction, RemoteActionName } from '../vehicle/remote-action.js';
import type { RemoteCommand } from '../vehicle/remote-command.js';
import { changedBy, type SetPoints } from '../vehicle/set-points.js';
import type { Drivetrain, VehicleReport } from '../vehicle/state.js';
import { failureDetails, type EventDetails, type OpenCommand } from './command-book.js';
import type { Sent, Verdict } from './confirmation.js';
import { planOf, restartPlan, type PlanSources, type RemotePlan } from './remote-plan.js';
import { Remote, type Aftermath, type RemoteOptions } from './remote.js';

/** What is known of the cars, and what they are told of their commands. Cars are named by the vendor's id. */
export interface CommandedCars {
  /** What is believed of the car now. */
  report(vehicle: string): VehicleReport | undefined;
  unit(vehicle: string): 'C' | 'F';
  drivetrain(vehicle: string): Drivetrain | null;
  setPoints(vehicle: string): SetPoints;
  /** Resolves when they are stored. */
  putSetPoints(vehicle: string, points: SetPoints): Promise<void>;
  commandTaken(vehicle: string, action: RemoteAction): void;
  commandOver(sent: Sent, aftermath: Aftermath): void;
  /** The vendor does not offer it for this car. */
  notOffered(vehicle: string, action: RemoteActionName): void;
}

export interface RemoteCommandsOptions extends Omit<RemoteOptions, 'taken' | 'over'> {
  readonly clock: Clock;
  readonly cars: CommandedCars;
  /** Whether a start of the climate is allowed for this car. */
  readonly mayStartClimate: (vehicle: string) => boolean;
  /** Reads the car's stored state behind what people ask for. */
  readonly readSoon: (vehicle: string) => void;
}

interface Entry {
  readonly remote: Remote;
  readonly command: RemoteCommand;
  readonly vehicle: string;
}

/** Several of them make sense one after the other. */
const neverReplaced: readonly string[] = ['horn', 'lights', 'navigation'];

const otherLimit = {
  charge_limit_ac: 'charge_limit_dc',
  charge_limit_dc: 'charge_limit_ac',
} as const;

/** The remote commands of one account from their acceptance to their ending. */
export class RemoteCommands {
  readonly #options: RemoteCommandsOptions;
  readonly #entries = new Map<string, Entry>();
  /** Until when (monotonic) a climate start of this bridge keeps each car's climate on. */
  readonly #climateOn = new Map<string, number>();
  /** How what has not left ends, once the daemon stops. */
  #closing: EventDetails | undefined;
  #isStopped = false;

  constructor(options: RemoteCommandsOptions) {
    this.#options = options;
  }

  start(open: OpenCommand, command: RemoteCommand, vehicle: string, deadline: number): void {
    const changed = changedBy(command, this.#options.cars.setPoints(vehicle));
    const stored = changed && this.#options.cars.putSetPoints(vehicle, changed);
    const plan = this.#planOf(command, vehicle, open.record.id);
    if (plan === undefined) {
      if (command.name === 'climate_temperature') this.#hurryClimate(vehicle);
      void this.#endSetPoint(open, stored ?? Promise.resolve());
      return;
    }
    // What is to be said of it is said at its ending; the start takes the new value in any case.
    stored?.catch(() => undefined);
    const remote = new Remote(this.#remoteOptions(), open, plan, vehicle, deadline);
    this.#replace(command, vehicle, open.record.id);
    this.#entries.set(open.record.id, { remote, command, vehicle });
    const leader = this.#leaderFor(command, vehicle);
    if (this.#closing !== undefined) remote.leave('failed', this.#closing);
    else if (leader === undefined) remote.start();
    else remote.follow(leader);
  }

  /** What would be sent, for who only asks. */
  wouldSend(command: RemoteCommand, vehicle: string): string {
    const points = changedBy(command, this.#options.cars.setPoints(vehicle));
    const plan = this.#planOf(command, vehicle, '', points);
    if (plan === undefined) return 'nothing would be sent: only a set-point would change';
    if (plan.reading() !== 'none') return 'the car would be read, and told what is then known';
    const action = plan.action();
    if (action === 'needless') return 'nothing would be sent';
    return 'code' in action ? action.message : `would be sent: ${JSON.stringify(action)}`;
  }

  /** Whether a command leads to a request to the vendor. */
  isSent(command: RemoteCommand, vehicle: string): boolean {
    return this.#planOf(command, vehicle, '') !== undefined;
  }

  leave(id: string, status: Ending, details: EventDetails): 'ended' | 'too_late' | 'unknown_id' {
    const entry = this.#entries.get(id);
    if (entry === undefined) return 'unknown_id';
    return entry.remote.leave(status, details) ? 'ended' : 'too_late';
  }

  peek(id: string): 'ended' | 'too_late' | 'unknown_id' {
    const entry = this.#entries.get(id);
    if (entry === undefined) return 'unknown_id';
    return entry.remote.hasBegun ? 'too_late' : 'ended';
  }

  /** Ends what waits: it is not taken up at the next start. */
  endWaiting(details: EventDetails): void {
    this.#closing = details;
    for (const { remote } of [...this.#entries.values()]) {
      if (!remote.leave('failed', details)) remote.bar();
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const { remote } of this.#entries.values()) remote.stop();
  }

  #planOf(
    command: RemoteCommand,
    vehicle: string,
    id: string,
    points?: SetPoints,
  ): RemotePlan | undefined {
    const sources = this.#sources(vehicle, id, points);
    if (command.name !== 'climate_temperature') return planOf(command, sources);
    if (!this.#restarts(vehicle) || this.#startTakesIt(vehicle)) return undefined;
    return restartPlan(sources, () => this.#restarts(vehicle));
  }

  #sources(vehicle: string, id: string, points?: SetPoints): PlanSources {
    const { cars } = this.#options;
    return {
      report: () => cars.report(vehicle),
      setPoints: () => points ?? cars.setPoints(vehicle),
      unit: () => cars.unit(vehicle),
      otherLimit: () => {
        const companion = this.#entries.get(id)?.remote.companion;
        const { command } = this.#entries.get(companion?.open.record.id ?? '') ?? {};
        return command !== undefined && 'percent' in command ? command.percent : undefined;
      },
    };
  }

  /** Only what this bridge has started, of a car whose engine does not start with it. */
  #restarts(vehicle: string): boolean {
    const { cars, clock, mayStartClimate } = this.#options;
    const isOn =
      (this.#climateOn.get(vehicle) ?? 0) > clock.monotonic() &&
      cars.report(vehicle)?.climate.mode !== 'off';
    return isOn && cars.drivetrain(vehicle) === 'ev' && mayStartClimate(vehicle);
  }

  /** A start that has not left goes with the temperature that is set by then. */
  #startTakesIt(vehicle: string): boolean {
    return [...this.#entries.values()].some(
      ({ vehicle: own, command, remote }) =>
        own === vehicle && isPlainStart(command) && !remote.hasBegun,
    );
  }

  async #endSetPoint(open: OpenCommand, stored: Promise<void>): Promise<void> {
    try {
      await stored;
    } catch {
      if (!this.#isStopped) {
        this.#options.end(open, 'failed', failureDetails(wellKnown.notStored));
      }
      return;
    }
    if (!this.#isStopped) this.#options.end(open, 'succeeded', {});
  }

  /** A later command of the same name takes the place of one that waits. */
  #replace(command: RemoteCommand, vehicle: string, superseded_by: string): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.vehicle !== vehicle) continue;
      if (isReplacedBy(entry.command, command)) entry.remote.leave('superseded', { superseded_by });
      // The temperature stays set: a start takes it along, and who stops the climate wants no start.
      else if (command.name === 'climate' && entry.command.name === 'climate_temperature') {
        entry.remote.leave('succeeded', {});
      }
    }
  }

  #leaderFor(command: RemoteCommand, vehicle: string): Remote | undefined {
    if (command.name !== 'charge_limit_ac' && command.name !== 'charge_limit_dc') return undefined;
    const name = otherLimit[command.name];
    return [...this.#entries.values()].find(
      (entry) => entry.vehicle === vehicle && entry.command.name === name && !entry.remote.hasBegun,
    )?.remote;
  }

  /** The temperature for which a start waits has come. */
  #hurryClimate(vehicle: string): void {
    for (const { remote, command, vehicle: own } of this.#entries.values()) {
      if (own === vehicle && command.name === 'climate') remote.hurry();
    }
  }

  #remoteOptions(): RemoteOptions {
    const { cars } = this.#options;
    return {
      ...this.#options,
      taken: (vehicle, action) => {
        cars.commandTaken(vehicle, action);
      },
      over: (sent, aftermath, verdict) => {
        this.#over(sent, aftermath, verdict);
      },
      end: (open, status, details) => {
        this.#entries.delete(open.record.id);
        this.#options.end(open, status, details);
      },
    };
  }

  #noteClimate({ vehicle, action, at }: Sent, aftermath: Aftermath): void {
    if (action.name === 'climate_start' && aftermath === 'wanted') {
      const { clock } = this.#options;
      // It has run since it was sent, not since that is known.
      const since = clock.monotonic() - Math.max(0, clock.now() - at);
      this.#climateOn.set(vehicle, since + action.duration_min * 60_000);
    }
    if (action.name === 'climate_stop' && aftermath !== 'as_before') {
      this.#climateOn.delete(vehicle);
    }
  }

  #over(sent: Sent, aftermath: Aftermath, verdict: Verdict): void {
    const { cars, readSoon } = this.#options;
    const { vehicle, action } = sent;
    cars.commandOver(sent, aftermath);
    this.#noteClimate(sent, aftermath);
    const reason = verdict.is === 'failed' ? verdict.failure : undefined;
    if (reason?.code === 'unsupported') cars.notOffered(vehicle, action.name);
    const isShown = verdict.is === 'done' && verdict.by === 'state';
    if (!isShown && reason?.sent !== false) readSoon(vehicle);
  }
}

function isPlainStart(command: RemoteCommand): boolean {
  return (
    command.name === 'climate' && command.value === 'start' && command.temperature === undefined
  );
}

function isReplacedBy(earlier: RemoteCommand, later: RemoteCommand): boolean {
  if (earlier.name !== later.name || neverReplaced.includes(later.name)) return false;
  if (earlier.name === 'windows' && later.name === 'windows') {
    return namesAllOf(later.windows, earlier.windows);
  }
  if (earlier.name === 'schedule' && later.name === 'schedule') return namesAllOf(later, earlier);
  return true;
}

/** Whether the later one names every field of the earlier, within objects too. */
function namesAllOf(later: unknown, earlier: unknown): boolean {
  if (!isObject(earlier)) return later !== undefined;
  return (
    isObject(later) &&
    Object.entries(earlier).every(([field, value]) => namesAllOf(later[field], value))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
