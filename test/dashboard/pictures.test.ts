import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { expectNoSidewaysScroll, hasChromium, signIn, startBrowser, visit } from './browser.js';
import { serveDaemon, token, type Served } from './daemon-page.js';

const docs = new URL('../../docs/', import.meta.url);
const shapes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const views = (['desktop', 'phone'] as const).flatMap((shape) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ shape, colorScheme })),
);
const pictureOf = (shape: string, colorScheme: string): string =>
  `images/dashboard-${shape}-${colorScheme}.png`;

const isTaking = process.env['UPDATE_DOCS'] === '1';

/** `UPDATE_DOCS=1` takes the pictures anew; without it that is only tried, and one is enough. */
describe.skipIf(!hasChromium || !hasMosquitto)('the pictures', () => {
  let browser: Browser;
  let one: Served;

  beforeAll(async () => {
    browser = await startBrowser();
    const broker = await startMosquitto();
    one = await serveDaemon(broker, {
      cars: 2,
      simulator: { latency: '200ms' },
      config: { polling: { enabled: true }, budget: { daily: 200 } },
    });
    await one.bridge.ready();
    await one.bridge.ended('car0', 'lock', { value: 'lock' });
    await one.bridge.ended('car1', 'windows', { value: 'vent' });
    await one.bridge.ended('car1', 'refresh', { value: 'cached' });
    await one.bridge.command('car1', 'lock', { value: 'unlock' });
  });

  test.each(isTaking ? views : views.slice(-1))(
    'on a $shape in the $colorScheme',
    async ({ shape, colorScheme }) => {
      const options = { viewport: shapes[shape], deviceScaleFactor: shape === 'phone' ? 2 : 1 };
      const person = await visit(browser, one.url, { ...options, colorScheme });
      await signIn(person, token);
      const { page } = person;
      const cars = page.locator('.car');
      await expect.poll(() => cars.count()).toBe(2);
      await one.bridge.weather({ vehicles: { '*': { force: { latency_ms: 2500 } } } });
      await startForce(page);
      await expectNoSidewaysScroll(page);
      if (isTaking) {
        const path = fileURLToPath(new URL(pictureOf(shape, colorScheme), docs));
        await page.screenshot({ path, fullPage: shape === 'desktop' });
        expect(existsSync(path)).toBe(true);
      }
      await cars.first().getByText('Wake and read: done').waitFor();
    },
  );
});

test('the page about the dashboard shows each of its pictures', () => {
  const text = readFileSync(new URL('dashboard.md', docs), 'utf8');
  for (const { shape, colorScheme } of views) {
    const picture = pictureOf(shape, colorScheme);
    expect(text).toContain(`](${picture})`);
    const png = readFileSync(new URL(picture, docs));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  }
});

async function startForce(page: Page): Promise<void> {
  const wake = page.locator('.car').first().locator('[data-value="force"]');
  await wake.click();
  await wake.getByText('Sending').waitFor();
}
