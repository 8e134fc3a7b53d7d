import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLevelStore } from '../../src/store/level-store.js';
import { expectNoSecrets, expectNoSecretsIn, keepSecret, keepSecretsOf } from './secret-scan.js';
import { tempDir } from './temp-dir.js';

const headers = { authorization: 'Bearer header-token-1', accept: 'application/json' };

describe('the search for secrets', () => {
  test.each([
    [
      'a password',
      () => {
        keepSecret('open sesame');
      },
      'sent open sesame there',
    ],
    [
      'a token of a header',
      () => {
        keepSecretsOf(headers, '');
      },
      'x header-token-1',
    ],
    [
      'a token of a reply',
      () => {
        keepSecretsOf({}, '{"a":{"refreshToken":"deep-token"}}');
      },
      'deep-token',
    ],
    [
      'a field of a form',
      () => {
        keepSecretsOf({}, 'password=in+a+form&x=1');
      },
      'in a form',
    ],
    [
      'a one-time code',
      () => {
        keepSecret('918273');
      },
      '{"code":"918273"}',
    ],
  ])('finds %s, and does not show it', (_, keep, text) => {
    keep();
    const search = () => {
      expectNoSecrets(['nothing here', text], 'the log');
    };
    expect(search).toThrow(/a secret of \d+ characters is in the log: .*\[SECRET\]/);
  });

  test('takes no part of another number for a code', () => {
    keepSecret('918273');
    expectNoSecrets(['at 1918273.5 and 01a203ac-918273ab', '4711'], 'the log');
  });

  test('finds what is in a file or in the store, but for the session itself', async () => {
    keepSecret('stored-secret');
    const folder = await tempDir();
    const store = await openLevelStore(join(folder, 'store'));
    await store.put('account/home/session', { token: 'stored-secret' });
    await store.put('account/home/vehicles', []);
    await store.close();
    await expectNoSecretsIn(folder);
    const again = await openLevelStore(join(folder, 'store'));
    await again.put('account/home/vehicles', [{ key: 'stored-secret' }]);
    await again.close();
    await expect(expectNoSecretsIn(folder)).rejects.toThrow(/is in the store: .*\[SECRET\]/);

    const other = await tempDir();
    mkdirSync(join(other, 'deep'));
    writeFileSync(join(other, 'deep', 'left.txt'), 'the stored-secret');
    await expect(expectNoSecretsIn(other)).rejects.toThrow(/is in the file deep.left\.txt/);
  });
});
