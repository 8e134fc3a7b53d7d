import { afterAll, vi } from 'vitest';
import { forgetSecrets } from './secret-scan.js';
import { endAll } from './teardown.js';

// Run anew for each file, where files share a process and what they import: what one leaves is not there for the next.
afterAll(async () => {
  try {
    await endAll();
  } finally {
    forgetSecrets();
    vi.useRealTimers();
    vi.unstubAllEnvs();
  }
});
