import type { Outcome, Task } from '../vehicle/task.js';

/** A log line that a backend hands to the main loop, where it is written with the task's correlation id. */
export interface BackendLog {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  /** Said once in the daemon's life, however many threads and accounts come to say it. */
  readonly once?: true | undefined;
}

/** What a backend may tell while it works; each is posted to the main loop at once. */
export interface BackendNotes {
  /** Requests are told as they are sent: a count in the reply would die with a killed process. */
  request(): void;
  log(line: BackendLog): void;
  /** A process was started or has ended, `killed` if by a signal: the main loop counts them. */
  process(event: 'started' | 'ended' | 'killed', pid: number): void;
}

/**
 * How cars are reached, inside a worker thread. One task at a time. `run` never throws and keeps the task's
 * deadline itself: past `remaining_ms` it has ended whatever it started and answers `timeout`.
 */
export interface VehicleBackend {
  run(task: Task): Promise<Outcome>;
  /** Ends all that the backend holds, its process too. Can be called at any time and more than once. */
  close(): Promise<void>;
}
