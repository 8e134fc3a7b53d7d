import type { BackendSettings } from '../backends/create-backend.js';

/** What a thread is given at its start (`workerData`): plain data that is cloned into it. */
export interface WorkerData {
  readonly backend: BackendSettings;
  /** A thread without a task for this long ends its process. Shorter than the pool's own idle timeout. */
  readonly idle_ms: number;
  /** Name of the `BroadcastChannel` that brings orders (`threadOrderSchema`) to all threads of one pool. */
  readonly orders: string;
}
