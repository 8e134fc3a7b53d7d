import { accountOfTree, type WrittenAccount } from '../../config/account-file.js';
import { configFault, Origins } from '../../config/fault.js';
import { isTree } from '../../config/tree.js';
import type { StoredAccount } from '../../fleet/stored-account.js';

/** What the fleet's store says of an account. */
export function fleetAccount(stored: StoredAccount): Promise<WrittenAccount> {
  const { name, definition, fault } = stored;
  const origins = new Origins({ file: `account ${name} of the fleet` });
  if (isTree(definition)) {
    // Everything that it needs is in it.
    const folders = { base: '/', credentials: undefined };
    return accountOfTree({ ...definition }, { name, origins, folders, origin: 'fleet' });
  }
  const wrong = configFault([], origins.of([]), 'a definition', fault ?? 'something else');
  const nothing = { name, tree: {}, origins, account: undefined, files: [] };
  return Promise.resolve({ ...nothing, faults: [wrong] });
}
