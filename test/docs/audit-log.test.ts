import { expect, test } from 'vitest';
import { auditEntrySchema } from '../../src/vehicle/audit-entry.js';
import { page } from './pages.js';

test('the command of the audit log that is shown is one by the schema', () => {
  const shown = page('docs/audit-log.md').blocks.filter(({ language }) => language === 'json');
  expect(shown).toHaveLength(1);
  for (const { lines } of shown) {
    const entry: unknown = JSON.parse(lines.join(''));
    expect(auditEntrySchema.strict().parse(entry)).toEqual(entry);
  }
});
