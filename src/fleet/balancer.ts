import type { Clock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import { type Balance, decide } from './balance.js';
import type { FleetTiming } from './fleet-timing.js';
import type { FleetView, InstanceRecord } from './fleet-view.js';
import type { Holdings } from './holdings.js';

export interface BalancerOptions {
  readonly instance: string;
  readonly timing: FleetTiming;
  readonly clock: Clock;
  readonly log: Logger;
  readonly holdings: Holdings;
  busyness?(item: string): number;
}

/** Writes to the bucket at once. */
const claimsAtOnce = 16;
/** Items that are being started at once: they wait for the store and the broker more than they work. */
const takesAtOnce = 64;
const releasesAtOnce = 8;
const releasesAtOnceOnLeave = 16;

/** Claims what nobody owns, and releases what is more than the share, as the view has it. */
export class Balancer {
  readonly #options: BalancerOptions;
  #items: readonly string[] = [];
  #isWanted: ReadonlySet<string> = new Set();
  #known = new Map<string, InstanceRecord>();
  #isLeaving = false;
  /** By the monotonic clock, like every moment here. */
  #claimsFrom = 0;
  #releasesFrom = 0;
  #freeSince = new Map<string, number>();

  constructor(options: BalancerOptions) {
    this.#options = options;
  }

  setItems(items: readonly string[]): void {
    this.#items = [...new Set(items)];
    this.#isWanted = new Set(items);
    this.#options.holdings.keepRests(this.#isWanted);
    this.#settle();
  }

  /** From now on everything is released and nothing claimed. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Without an incarnation this instance is no member, and only looks. */
  balance(view: FleetView, incarnation: string | undefined): void {
    this.#noteInstances(view);
    const { instance } = this.#options;
    // Before the view shows this membership it shows nothing of what was claimed in it.
    const isMember =
      incarnation !== undefined && this.#known.get(instance)?.incarnation === incarnation;
    if (!isMember) return;
    this.#dropForeign(view, incarnation);
    this.#dropUnwanted();
    if (!this.#isLeaving) this.#evenOut(view, incarnation);
  }

  releaseSome(): void {
    const { holdings } = this.#options;
    for (const item of holdings.in('claiming', 'taking')) holdings.get(item)?.release();
    const most = releasesAtOnceOnLeave - holdings.in('ending').length;
    for (const item of this.#leastBusy(holdings.in('held')).slice(0, Math.max(0, most))) {
      holdings.get(item)?.release();
    }
  }

  #evenOut(view: FleetView, incarnation: string): void {
    const { clock, instance } = this.#options;
    const now = clock.monotonic();
    const balance: Balance = {
      self: instance,
      instances: [...this.#known].filter(([, { isLeaving }]) => !isLeaving).map(([name]) => name),
      items: this.#items,
      owners: this.#owners(view),
    };
    const { free, claims, releases } = decide(balance);
    this.#noteFree(free, now);
    if (now >= this.#claimsFrom) {
      const overdue = claims > 0 ? [] : this.#overdue(free, now);
      if (overdue.length > 0) this.#releasesFrom = now + this.#options.timing.rescued_ms;
      this.#claim(
        claims > 0 ? free : overdue,
        claims > 0 ? claims : overdue.length,
        view,
        incarnation,
      );
    }
    if (now >= this.#releasesFrom) this.#release(releases);
  }

  /** Those that are ending still count as owned. */
  #release(releases: number): void {
    const { holdings } = this.#options;
    const ending = holdings.in('ending').filter((item) => this.#isWanted.has(item)).length;
    const most = Math.min(releases, releasesAtOnce) - ending;
    if (most <= 0) return;
    for (const item of this.#leastBusy(holdings.in('held')).slice(0, most)) {
      holdings.get(item)?.release();
    }
  }

  #claim(free: readonly string[], claims: number, view: FleetView, incarnation: string): void {
    const { holdings } = this.#options;
    const claiming = holdings.in('claiming').length;
    const room = Math.min(
      claimsAtOnce - claiming,
      takesAtOnce - claiming - holdings.in('taking').length,
      claims,
    );
    if (room <= 0) return;
    const claimable = free.filter((item) => holdings.isClaimable(item));
    for (const item of pickAtRandom(claimable, room)) {
      holdings.claim(item, incarnation, view.owner(item)?.revision ?? 0);
    }
  }

  /** Claims on their way count as owned, what is being given up as not free yet. */
  #owners(view: FleetView): Map<string, string> {
    const { holdings, instance } = this.#options;
    const owners = new Map<string, string>();
    for (const item of this.#items) {
      const owner = holdings.get(item) === undefined ? view.ownerOf(item) : instance;
      // What is this one's by the bucket alone has to be claimed: nobody has started it.
      if (owner !== undefined && (owner !== instance || holdings.get(item) !== undefined)) {
        owners.set(item, owner);
      }
    }
    return owners;
  }

  /** What the bucket says is somebody else's is lost, whatever may have led to it. */
  #dropForeign(view: FleetView, incarnation: string): void {
    for (const [item, holding] of this.#options.holdings.entries()) {
      const owner = view.owner(item);
      if (owner === undefined || holding.revision === undefined) continue;
      if (owner.revision <= holding.revision || holding.phase === 'ending') continue;
      if (owner.record?.incarnation === incarnation) continue;
      this.#options.log.warn({ item, owner: owner.record?.instance }, 'an item was taken away');
      holding.lose();
    }
  }

  #dropUnwanted(): void {
    for (const [item, holding] of this.#options.holdings.entries()) {
      if (!this.#isWanted.has(item) && holding.phase !== 'ending') holding.release();
    }
  }

  #noteInstances(view: FleetView): void {
    const known = new Map([...view.instances()].map(([name, , record]) => [name, record]));
    const before = this.#known;
    this.#known = known;
    const hasCome = [...known].some(
      ([name, { incarnation }]) => before.get(name)?.incarnation !== incarnation,
    );
    const hasGone = [...before].some(
      ([name, { isLeaving }]) => !known.has(name) || (known.get(name)?.isLeaving && !isLeaving),
    );
    if (hasCome || hasGone) this.#settle();
    // What somebody left behind waits for nothing.
    if (hasGone) this.#claimsFrom = this.#options.clock.monotonic();
  }

  #settle(): void {
    const { clock, timing } = this.#options;
    this.#claimsFrom = clock.monotonic() + timing.settle_ms;
    this.#releasesFrom = this.#claimsFrom;
  }

  #noteFree(free: readonly string[], now: number): void {
    this.#freeSince = new Map(free.map((item) => [item, this.#freeSince.get(item) ?? now]));
  }

  #overdue(free: readonly string[], now: number): string[] {
    const before = now - this.#options.timing.overdue_ms;
    return free.filter((item) => (this.#freeSince.get(item) ?? now) <= before);
  }

  #leastBusy(items: readonly string[]): string[] {
    const shuffled = pickAtRandom(items, items.length);
    const ranks = new Map(shuffled.map((item) => [item, this.#options.busyness?.(item) ?? 0]));
    return shuffled.sort((one, other) => (ranks.get(one) ?? 0) - (ranks.get(other) ?? 0));
  }
}

/** Instances that claim the same in another order seldom meet. */
function pickAtRandom<T>(from: readonly T[], most: number): T[] {
  const rest = [...from];
  const picked: T[] = [];
  while (picked.length < most && rest.length > 0) {
    const index = Math.floor(Math.random() * rest.length);
    const [one] = rest.slice(index, index + 1);
    const last = rest.pop();
    if (one !== undefined) picked.push(one);
    if (last !== undefined && index < rest.length) rest[index] = last;
  }
  return picked;
}
