import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';

export type CommandProgress = 'pending' | 'executed' | 'refused';

/** Commands on their way to the car. Each goes its way, whether or not its sender still waits. */
export class PendingCommands {
  /** How long the car takes; `never` for one that does not answer. */
  delay_ms: number | 'never' = 0;
  readonly #progress = new Map<string, CommandProgress>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #sent = 0;

  /** Takes a command and answers its transaction id. */
  send(car: SimulatedCar, command: CarCommand): string {
    this.#sent += 1;
    const id = `transaction-${String(this.#sent)}`;
    this.#progress.set(id, 'pending');
    if (this.delay_ms === 0) this.#execute(id, car, command);
    else if (this.delay_ms !== 'never') this.#later(id, car, command, this.delay_ms);
    return id;
  }

  progress(id: string): CommandProgress | undefined {
    return this.#progress.get(id);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #later(id: string, car: SimulatedCar, command: CarCommand, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#execute(id, car, command);
    }, ms);
    this.#timers.add(timer);
  }

  #execute(id: string, car: SimulatedCar, command: CarCommand): void {
    this.#progress.set(id, car.execute(command).done ? 'executed' : 'refused');
  }
}
