import type { AccountConfig } from '../../config/accounts.js';
import type { AccountReport } from '../../http/account-report.js';

export interface ListedAccount {
  readonly name: string;
  /** Where it is written. */
  readonly place: string;
  readonly account: AccountConfig | undefined;
  readonly faults: readonly string[];
  /** With the running daemon; null where it has none of this name, or none runs. */
  readonly state: AccountReport['state'] | null;
}

/** What `accounts list --json` says of an account. Holds no secret. */
export interface AccountLine {
  readonly name: string;
  readonly place: string;
  readonly enabled: boolean | null;
  readonly backend: string | null;
  readonly region: string | null;
  readonly brand: string | null;
  readonly state: string | null;
}

export function lineOf({ name, place, account, state }: ListedAccount): AccountLine {
  return {
    ...{ name, place, state },
    enabled: account?.enabled ?? null,
    backend: account?.backend ?? null,
    region: account === undefined ? null : String(account.region),
    brand: account === undefined ? null : String(account.brand),
  };
}

const heads = ['account', 'state', 'backend', 'region', 'brand', 'written in'];

/** A line for each account, under the names of the columns. */
export function tableOf(listed: readonly ListedAccount[]): string[] {
  const rows = listed.map((one) => {
    const { name, place, enabled, backend, region, brand, state } = lineOf(one);
    const stands = enabled === false ? 'disabled' : (state ?? (enabled === null ? 'broken' : '-'));
    return [name, stands, backend ?? '-', region ?? '-', brand ?? '-', place];
  });
  const table = [heads, ...rows];
  const widths = heads.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table.map((row) =>
    row
      .map((cell, column) =>
        column === heads.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
      )
      .join('  '),
  );
}
