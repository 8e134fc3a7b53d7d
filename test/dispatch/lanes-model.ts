/** What a sender can ask in the model; `dry` is a dry run of a lock. */
export const asked = ['cached', 'force', 'lock', 'unlock', 'charge', 'horn', 'dry'] as const;
export type Asked = (typeof asked)[number];

/** How a call or a question to the vendor can end. */
export const answers = ['done', 'refused', 'again'] as const;
export type Answer = (typeof answers)[number];

export interface Step {
  readonly id: string;
  readonly status: string;
  readonly code?: string;
  readonly attempt?: number;
  readonly shared_with?: string;
  readonly superseded_by?: string;
}

interface Command {
  readonly id: string;
  readonly car: string;
  readonly asked: Asked;
  readonly deadline: number;
  phase: 'waiting' | 'running' | 'ended';
  /** The code of its last try. */
  last?: string;
}

interface Work {
  readonly kind: 'cached' | 'force' | 'remote';
  readonly order: number;
  /** Who shares it, in the order of their coming. */
  sharers: Command[];
  /** The bridge has asked for it, too. */
  ofBridge: boolean;
  notBefore: number;
  tries: number;
  owner?: string | undefined;
}

interface Lane {
  waiting: Work[];
  running: Work | undefined;
  /** The vendor took what runs; when it is asked what became of it. */
  askAt?: number | undefined;
  isAsked: boolean;
}

/** A call as it shows at the threads. */
export interface ModelCall {
  readonly car: string;
  readonly operation: string;
  readonly commandId: string | undefined;
}

const firstPause_ms = 10_000;
const poll_ms = 5000;

/**
 * The lanes of the contract (sections 3.3, 3.4 and 4), written from its text: who waits, who runs, what is said. Time
 * is told to it; it starts no call before it is told that there is a thread.
 */
export class LanesModel {
  readonly steps: Step[] = [];
  readonly #bound: number;
  readonly #commands = new Map<string, Command>();
  readonly #lanes = new Map<string, Lane>();
  #now = 0;
  #order = 0;
  #hasThreads = true;

  constructor(cars: readonly string[], bound: number) {
    this.#bound = bound;
    for (const car of cars) {
      for (const lane of ['read', 'wake']) {
        this.#lanes.set(`${car} ${lane}`, { waiting: [], running: undefined, isAsked: false });
      }
    }
  }

  /** The calls that are with a thread. */
  get calls(): ModelCall[] {
    return [...this.#lanes].flatMap(([name, { running, isAsked, askAt }]) => {
      if (running === undefined || (askAt !== undefined && !isAsked)) return [];
      const car = name.split(' ')[0] ?? '';
      const own = running.kind === 'remote' ? 'command' : running.kind;
      return [{ car, operation: isAsked ? 'action_status' : own, commandId: running.owner }];
    });
  }

  waiting(car: string): number {
    return [...this.#commands.values()].filter((one) => one.car === car && one.phase === 'waiting')
      .length;
  }

  get isIdle(): boolean {
    return [...this.#lanes.values()].every((lane) => !lane.running && lane.waiting.length === 0);
  }

  /** When something happens by itself: an expiry, a next try, a question to the vendor. */
  get nextTime(): number | undefined {
    const deadlines = [...this.#commands.values()].flatMap((one) =>
      one.phase === 'waiting' ? [one.deadline] : [],
    );
    const own = [...this.#lanes.values()].flatMap(({ waiting, askAt }) => [
      ...waiting.map(({ notBefore }) => notBefore),
      ...(askAt === undefined ? [] : [askAt]),
    ]);
    const times = [...deadlines, ...own].filter((time) => time > this.#now);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  send(id: string, car: string, what: Asked, expiresIn_ms: number): void {
    if (this.waiting(car) >= this.#bound) {
      this.#say({ id, status: 'rejected', code: 'queue_full' });
      return;
    }
    const command: Command = {
      ...{ id, car, asked: what, deadline: this.#now + expiresIn_ms, phase: 'waiting' },
    };
    this.#commands.set(id, command);
    this.#say({ id, status: 'accepted' });
    if (what === 'dry') this.#end(command, { status: 'succeeded' });
    else if (what === 'cached' || what === 'force') this.#refresh(command, what);
    else this.#remote(command);
    this.#startAll();
  }

  /** Whether it could be cancelled. */
  cancel(id: string): 'ended' | 'too_late' | 'unknown_id' {
    const command = this.#commands.get(id);
    if (command === undefined || command.phase === 'ended') return 'unknown_id';
    if (command.phase === 'running') return 'too_late';
    this.#leave(command);
    this.#end(command, { status: 'cancelled' });
    return 'ended';
  }

  threads(has: boolean): void {
    this.#hasThreads = has;
    this.#startAll();
  }

  /** The call of this car and operation ends so. */
  answer({ car, operation }: ModelCall, answer: Answer): void {
    const lane = this.#lane(car, operation === 'cached' ? 'read' : 'wake');
    const work = lane.running;
    if (work === undefined) return;
    if (operation === 'action_status') this.#told(car, lane, work, answer);
    else if (work.kind === 'remote' && answer === 'done') this.#taken(car, lane, work);
    else if (answer === 'again' && work.kind !== 'cached') this.#tryAgain(lane, work);
    else {
      lane.running = undefined;
      this.#endAll(work, answer === 'done' ? 'succeeded' : 'failed');
      if (work.kind === 'remote') this.#readBehind(car);
    }
    this.#startAll();
  }

  /** Time has come to here; nothing was due in between. */
  at(time: number): void {
    this.#now = time;
    for (const command of [...this.#commands.values()]) {
      if (command.phase === 'waiting' && command.deadline <= time) this.#expire(command);
    }
    this.#startAll();
  }

  #refresh(command: Command, kind: 'cached' | 'force'): void {
    const lane = this.#lane(command.car, kind === 'cached' ? 'read' : 'wake');
    if (lane.running?.kind === kind) {
      lane.running.sharers.push(command);
      this.#run(command, lane.running);
      return;
    }
    const same = lane.waiting.find((work) => work.kind === kind);
    if (same === undefined) lane.waiting.push(this.#work(kind, [command]));
    else same.sharers.push(command);
  }

  #remote(command: Command): void {
    const lane = this.#lane(command.car, 'wake');
    const earlier = lane.waiting.flatMap((work) =>
      work.sharers.filter(
        (one) => nameOf(one.asked) === nameOf(command.asked) && command.asked !== 'horn',
      ),
    );
    for (const one of earlier) {
      this.#leave(one);
      this.#end(one, { status: 'superseded', superseded_by: command.id });
    }
    lane.waiting.push(this.#work('remote', [command]));
  }

  /** The vendor took it: what can be asked is asked, and the lane is held meanwhile. */
  #taken(car: string, lane: Lane, work: Work): void {
    for (const { id } of work.sharers) this.#say({ id, status: 'confirming' });
    if (work.sharers[0]?.asked !== 'horn') {
      lane.askAt = this.#now + poll_ms;
      return;
    }
    lane.running = undefined;
    this.#endAll(work, 'succeeded');
    this.#readBehind(car);
  }

  #told(car: string, lane: Lane, work: Work, answer: Answer): void {
    lane.running = undefined;
    lane.askAt = undefined;
    lane.isAsked = false;
    this.#endAll(work, answer === 'done' ? 'succeeded' : 'failed');
    this.#readBehind(car);
  }

  /** A cached read follows every remote command, and shares whatever read there is. */
  #readBehind(car: string): void {
    const lane = this.#lane(car, 'read');
    const same = lane.running ?? lane.waiting[0];
    if (same === undefined) lane.waiting.push({ ...this.#work('cached', []), ofBridge: true });
    else same.ofBridge = true;
  }

  #tryAgain(lane: Lane, work: Work): void {
    lane.running = undefined;
    // First after 10 s, then 2 s, 4 s and so on: the policy of the test.
    const pause_ms = work.tries === 1 ? firstPause_ms : 1000 * 2 ** (work.tries - 1);
    work.notBefore = this.#now + pause_ms;
    lane.waiting.push(work);
    for (const command of work.sharers) {
      command.phase = 'waiting';
      command.last = 'duplicate_request';
    }
    // Whose time is over by then is not tried again.
    for (const command of [...work.sharers])
      if (command.deadline <= this.#now) this.#expire(command);
  }

  #startAll(): void {
    if (!this.#hasThreads) return;
    for (const lane of this.#lanes.values()) {
      if (lane.askAt !== undefined && lane.askAt <= this.#now) lane.isAsked = true;
      if (lane.running !== undefined) continue;
      const [best] = lane.waiting
        .filter(({ notBefore }) => notBefore <= this.#now)
        .sort((one, other) => rank(one) - rank(other) || one.order - other.order);
      if (best !== undefined) this.#start(lane, best);
    }
  }

  #start(lane: Lane, work: Work): void {
    lane.waiting = lane.waiting.filter((one) => one !== work);
    lane.running = work;
    work.tries += 1;
    work.owner = work.sharers[0]?.id;
    for (const command of work.sharers) this.#run(command, work);
  }

  #run(command: Command, { tries, owner }: Work): void {
    command.phase = 'running';
    const step = { id: command.id, status: 'running', attempt: tries };
    this.#say({ ...step, ...sharedWith(command, owner) });
  }

  #expire(command: Command): void {
    this.#leave(command);
    const { last } = command;
    this.#end(
      command,
      last === undefined ? { status: 'expired' } : { status: 'failed', code: last },
    );
  }

  #leave(command: Command): void {
    for (const lane of this.#lanes.values()) {
      for (const work of lane.waiting) {
        work.sharers = work.sharers.filter((one) => one !== command);
      }
      lane.waiting = lane.waiting.filter((work) => work.sharers.length > 0 || work.ofBridge);
    }
  }

  #endAll(work: Work, status: 'succeeded' | 'failed'): void {
    for (const command of work.sharers) {
      const code = work.kind === 'cached' ? 'rate_limited' : 'vehicle_refused';
      const ending = status === 'failed' ? { status, code } : { status };
      this.#end(command, { ...ending, ...sharedWith(command, work.owner) });
    }
  }

  #end(command: Command, ending: Omit<Step, 'id'>): void {
    command.phase = 'ended';
    this.#say({ id: command.id, ...ending });
  }

  #say(step: Step): void {
    this.steps.push(step);
  }

  #work(kind: Work['kind'], sharers: Command[]): Work {
    this.#order += 1;
    return { kind, order: this.#order, sharers, ofBridge: false, notBefore: 0, tries: 0 };
  }

  #lane(car: string, name: 'read' | 'wake'): Lane {
    const lane = this.#lanes.get(`${car} ${name}`);
    if (lane === undefined) throw new Error(`no lane of ${car}`);
    return lane;
  }
}

/** The command that a remote one is known by. */
export function nameOf(what: Asked): string {
  if (what === 'unlock' || what === 'dry') return 'lock';
  return what === 'cached' || what === 'force' ? 'refresh' : what;
}

function sharedWith({ id }: Command, owner: string | undefined): Pick<Step, 'shared_with'> {
  return owner === undefined || owner === id ? {} : { shared_with: owner };
}

function rank({ kind, sharers }: Work): number {
  if (kind === 'remote') return 0;
  return sharers.length > 0 ? 1 : 2;
}
