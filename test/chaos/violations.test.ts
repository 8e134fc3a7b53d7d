import { describe, expect, test } from 'vitest';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import type { AuditEntry } from '../../src/vehicle/audit-entry.js';
import { stepOf } from '../../src/vehicle/command-step.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { Recorded } from '../support/recorder.js';
import type { Asked, Execution } from './evidence.js';
import { allowance_ms, violations } from './violations.js';

const start = Date.parse('2026-11-22T10:00:00.000Z');
const at = (after_ms: number): string => new Date(start + after_ms).toISOString();
const slowest_ms = allowance_ms.answer + allowance_ms.car + allowance_ms.way;

type Ending = Pick<LifeCycleEvent, 'status' | 'code' | 'outcome' | 'confirmed_by' | 'dry_run'>;

/** A lawful run: each test plants one breach in it. */
class Run {
  recorded: Recorded[] = [];
  journal: AuditEntry[] = [];
  asked: Asked[] = [];
  executions: Execution[] = [];
  effects: SimulatorEffect[] = [];

  /** A command that was accepted at 0 s, may start within 10 s, and ended at 2 s; the journal agrees. */
  command(id: string, vehicle: string, more: Partial<Asked & Ending> = {}): this {
    const { command = 'lock', deed = 'lock lock', expires_s = 10, isVoid = false } = more;
    const about = { schema: 1, id, vehicle, command, value: 'lock' } as const;
    const { status = 'succeeded', code, outcome, confirmed_by, dry_run } = more;
    const given = Object.entries({ code, outcome, confirmed_by, dry_run });
    const details = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    const events: LifeCycleEvent[] = [
      { ...about, seq: 1, status: 'accepted', at: at(0) },
      { ...about, seq: 2, status: 'running', at: at(500), attempt: 1 },
      { ...about, seq: 3, status, at: at(2000), ...details },
    ];
    this.asked.push({ id, vehicle, command, deed, expires_s, isVoid });
    this.recorded.push(...events.map((event) => said(event)));
    this.journal.push({
      ...{
        key: `key-${id}`,
        id,
        account: 'home',
        vehicle,
        command,
        source: null,
      },
      ...{ received_at: at(0), ended_at: at(2000), status },
      steps: events.map((event) => stepOf(event)),
    });
    return this;
  }

  executed(vehicle: string, deed: string, after_ms: number): this {
    this.executions.push({ vehicle, deed, at: start + after_ms });
    return this;
  }

  /** What the simulator does for a command, in the order of its log. */
  simulated(command_id: string, ...phases: SimulatorEffect['phase'][]): this {
    return this.simulatedAt(1000, command_id, ...phases);
  }

  simulatedAt(after_ms: number, command_id: string, ...phases: SimulatorEffect['phase'][]): this {
    const about = { operation: 'command', vehicle: 'vendor-1', attempt: 'a', command_id } as const;
    const action = { name: 'lock', value: 'lock' } as const;
    this.effects.push(...phases.map((phase) => ({ at: at(after_ms), ...about, phase, action })));
    return this;
  }

  /** What is found, as one text. */
  get found(): string {
    const { recorded, journal, asked, executions, effects } = this;
    const simulated = ['car0'];
    return violations({ recorded, journal, asked, executions, effects, simulated })
      .map(({ says }) => says)
      .join('\n');
  }
}

function said(event: LifeCycleEvent): Recorded {
  const topic = `bluelink/${event.vehicle ?? 'bridge'}/result`;
  const payload = JSON.stringify(event);
  return { topic, payload, qos: 1, retain: false, properties: {}, at_ms: 0 };
}

function lawful(): Run {
  return new Run()
    .command('one', 'usa0', { confirmed_by: 'action_status' })
    .executed('usa0', 'lock lock', 1000)
    .command('two', 'car0', { confirmed_by: 'action_status' })
    .simulated('two', 'started', 'taken', 'executed', 'done')
    .command('three', 'usa0', { command: 'refresh', deed: null });
}

/** An event of a run, changed. */
function changed(run: Run, id: string, seq: number, more: Partial<LifeCycleEvent>): Recorded {
  const events = run.recorded.map(({ payload }) => JSON.parse(payload) as LifeCycleEvent);
  const found = events.find((event) => event.id === id && event.seq === seq);
  return said({ ...(found ?? expect.unreachable('no such event')), ...more });
}

describe('the life of a command', () => {
  test('as it should be has no violation', () => {
    expect(lawful().found).toBe('');
  });

  test('may be told twice in the same bytes, replayed, and its id refused to others', () => {
    const run = lawful();
    run.recorded.push(
      changed(run, 'one', 3, {}),
      changed(run, 'one', 3, { seq: 9, replayed: true }),
      changed(run, 'one', 3, { seq: 0, status: 'rejected', code: 'id_reused' }),
    );
    expect(run.found).toBe('');
  });

  test('with two endings is a violation', () => {
    const run = lawful();
    run.recorded.push(changed(run, 'one', 3, { seq: 4, status: 'failed' }));
    expect(run.found).toContain('2 endings');
  });

  test('whose ending is told twice in other bytes is a violation', () => {
    const run = lawful();
    run.recorded.push(changed(run, 'one', 3, { at: at(2001) }));
    expect(run.found).toContain('one seq, two events');
  });

  test('without an ending is a violation', () => {
    const run = lawful();
    run.recorded = run.recorded.filter(
      ({ payload }) => !(payload.includes('"one"') && payload.includes('succeeded')),
    );
    expect(run.found).toContain('0 endings');
  });

  test('accepted twice is a violation', () => {
    const run = lawful();
    run.recorded.push(changed(run, 'one', 1, { seq: 5 }));
    expect(run.found).toContain('accepted 2×');
  });
});

describe('the journal', () => {
  test('that does not know a command is a violation', () => {
    const run = lawful();
    run.journal.shift();
    expect(run.found).toContain('one: accepted, and not in the journal');
  });

  test('that knows a command of which nothing was said is a violation', () => {
    const run = lawful();
    run.recorded = run.recorded.filter(({ payload }) => !payload.includes('"three"'));
    expect(run.found).toContain('three: journalled, and nothing was said of it');
  });

  test('that ended it in another way is a violation', () => {
    const run = lawful();
    const [first, ...others] = run.journal;
    if (first === undefined) expect.unreachable('no entry');
    const steps = [
      ...first.steps.slice(0, -1),
      { seq: 3, status: 'cancelled', at: at(2000) } as const,
    ];
    run.journal = [{ ...first, status: 'cancelled', steps }, ...others];
    expect(run.found).toContain('in the journal as');
  });

  test('that has not ended it is a violation', () => {
    const run = lawful();
    const [first, ...others] = run.journal;
    if (first === undefined) expect.unreachable('no entry');
    const steps = first.steps.slice(0, -1);
    run.journal = [{ ...first, status: 'running', ended_at: null, steps }, ...others];
    expect(run.found).toContain('in the journal as []');
  });
});

describe('a car of the cloud', () => {
  test('that does it twice is a violation', () => {
    expect(lawful().executed('usa0', 'lock lock', 1500).found).toContain('once more than');
  });

  test('that does what two asked for twice is none', () => {
    const run = lawful().command('four', 'usa0').executed('usa0', 'lock lock', 1500);
    expect(run.found).toBe('');
  });

  test('that does what nobody asked for is a violation', () => {
    expect(lawful().executed('usa0', 'horn', 1500).found).toContain('usa0 did "horn"');
  });

  test('that does what another car was told is a violation', () => {
    expect(lawful().executed('canada0', 'lock lock', 1500).found).toContain('canada0 did');
  });

  test.each([
    { after_ms: 10_000 + slowest_ms, late: false },
    { after_ms: 10_001 + slowest_ms, late: true },
  ])('that does it $after_ms ms after it was taken is late: $late', ({ after_ms, late }) => {
    const run = new Run()
      .command('one', 'usa0', { confirmed_by: 'action_status' })
      .executed('usa0', 'lock lock', after_ms);
    expect(run.found.includes('late after')).toBe(late);
  });

  test.each([
    { status: 'expired' },
    { status: 'superseded' },
    { status: 'cancelled' },
    { status: 'failed', code: 'interrupted' },
    { status: 'succeeded', dry_run: true },
  ] as const)('that does what ended as $status is a violation', (ending) => {
    const run = new Run().command('one', 'usa0', ending).executed('usa0', 'lock lock', 1000);
    expect(run.found).toContain('once more than any command allows: one (ended as');
  });

  test('may have done what failed with an unknown outcome', () => {
    const ending = { status: 'failed', code: 'timeout', outcome: 'unknown' } as const;
    expect(new Run().command('one', 'usa0', ending).found).toBe('');
    const run = new Run().command('one', 'usa0', ending).executed('usa0', 'lock lock', 1000);
    expect(run.found).toBe('');
  });

  test('that has not done what was confirmed is a violation', () => {
    const run = lawful().command('four', 'usa0', { confirmed_by: 'action_status' });
    expect(run.found).toMatch(/(one|four): confirmed, and the car has not done it/);
  });
});

describe('a simulated car', () => {
  test.each(['taken', 'executed'] as const)('for which it is %s twice is a violation', (phase) => {
    expect(lawful().simulated('two', phase).found).toContain(`two: ${phase} 2×`);
  });

  test('that is sent it late is a violation', () => {
    const run = new Run().command('two', 'car0').simulatedAt(11_000, 'two', 'started');
    expect(run.found).toContain('late after');
  });

  test('that does what ended as expired is a violation', () => {
    const run = new Run()
      .command('two', 'car0', { status: 'expired' })
      .simulated('two', 'executed');
    expect(run.found).toContain('and ended as expired');
  });

  test('that is told something by nobody is a violation', () => {
    expect(lawful().simulated('five', 'started').found).toContain('no command, and the simulator');
  });

  test('that has not done what was confirmed is a violation', () => {
    const run = new Run().command('two', 'car0', { confirmed_by: 'action_status' });
    expect(run.found).toContain('two: confirmed, and the car has not done it');
  });
});

test('what came too late or retained must not be taken', () => {
  expect(new Run().command('one', 'usa0', { isVoid: true }).found).toContain('one: was taken');
});
