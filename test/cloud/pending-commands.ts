import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { CarCommand } from '../../src/vehicle/simulated-command.js';

/** `unanswered`: the maker has given up waiting for the car, which did nothing. */
export type CommandProgress = 'pending' | 'executed' | 'refused' | 'unanswered';

/** What a car makes of a command that has come to it. Some it refuses by itself. */
export type Conduct = 'obeys' | 'refuses' | 'is_silent';

/** A command that a car has carried out. */
export interface CarriedOut {
  /** The VIN. */
  readonly vehicle: string;
  readonly command: CarCommand;
  /** Epoch ms of the car's clock. */
  readonly at: number;
  /** How often the car has done just this by now. */
  readonly count: number;
}

interface Sent {
  readonly car: SimulatedCar;
  readonly command: CarCommand;
  progress: CommandProgress;
  timer?: NodeJS.Timeout;
}

/** Commands on their way to the car. Each goes its way, whether or not its sender still waits. */
export class PendingCommands {
  /** How long the car takes; `never` for one that does not answer, and whose maker does not give up either. */
  delay_ms: number | 'never' = 0;
  conduct: (command: CarCommand) => Conduct = () => 'obeys';
  /** What the maker tells of the progress: the truth, `pending` for ever, or `nothing`, as if it knew of no command. */
  tells: 'truth' | 'pending' | 'nothing' = 'truth';
  /** What the cars have carried out, oldest first. */
  readonly carriedOut: CarriedOut[] = [];
  readonly #sent = new Map<string, Sent>();

  /** Takes a command and answers its transaction id. */
  send(
    car: SimulatedCar,
    command: CarCommand,
    id = `transaction-${String(this.#sent.size + 1)}`,
  ): string {
    const sent: Sent = { car, command, progress: 'pending' };
    this.#sent.set(id, sent);
    if (this.delay_ms === 0) this.#arrive(sent);
    else if (this.delay_ms !== 'never') {
      sent.timer = setTimeout(() => {
        this.#arrive(sent);
      }, this.delay_ms);
    }
    return id;
  }

  /** As the maker tells it. */
  progress(id: string): CommandProgress | undefined {
    return this.#told(this.#sent.get(id));
  }

  /** What was sent under this id. */
  command(id: string): CarCommand | undefined {
    return this.#sent.get(id)?.command;
  }

  /** The ids of a car's commands with their progress, oldest first, as the maker tells it. */
  of(car: SimulatedCar): readonly { readonly id: string; readonly progress: CommandProgress }[] {
    return [...this.#sent].flatMap(([id, sent]) => {
      const progress = sent.car === car ? this.#told(sent) : undefined;
      return progress === undefined ? [] : [{ id, progress }];
    });
  }

  /** Whether a command is under way to the car in truth. */
  isBusy(car: SimulatedCar): boolean {
    return [...this.#sent.values()].some((sent) => sent.car === car && sent.progress === 'pending');
  }

  /** What is under way is there now, for a test that waits for no clock. */
  arrive(): void {
    this.stop();
    for (const sent of this.#sent.values()) {
      if (sent.progress === 'pending') this.#arrive(sent);
    }
  }

  stop(): void {
    for (const { timer } of this.#sent.values()) clearTimeout(timer);
  }

  #told(sent: Sent | undefined): CommandProgress | undefined {
    if (this.tells === 'nothing') return undefined;
    return this.tells === 'pending' && sent !== undefined ? 'pending' : sent?.progress;
  }

  #arrive(sent: Sent): void {
    sent.progress = this.#outcome(sent);
  }

  #outcome({ car, command }: Sent): CommandProgress {
    switch (this.conduct(command)) {
      case 'obeys':
        return this.#execute(car, command);
      case 'refuses':
        return 'refused';
      case 'is_silent':
        return 'unanswered';
    }
  }
  #execute(car: SimulatedCar, command: CarCommand): CommandProgress {
    if (!car.execute(command).done) return 'refused';
    const { vin: vehicle } = car.identity;
    const wanted = JSON.stringify(command);
    const same = this.carriedOut.filter(
      (one) => one.vehicle === vehicle && JSON.stringify(one.command) === wanted,
    );
    const at = car.executed.at(-1)?.at ?? car.reported().at;
    this.carriedOut.push({ vehicle, command, at, count: same.length + 1 });
    return 'executed';
  }
}
