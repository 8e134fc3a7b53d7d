import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { serveWeb, token, type ServedWeb } from '../http/served.js';
import { ShownBridge } from './a-page.js';
import {
  expectAccessible,
  expectNoSidewaysScroll,
  expectQuiet,
  hasChromium,
  isLive,
  signIn,
  startBrowser,
  visit,
  type Visit,
} from './browser.js';

const card = (page: Page) => page.locator('[data-vehicle="ioniq5"]');
const urlOf = ({ port }: ServedWeb): string => `http://127.0.0.1:${String(port)}/`;
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

describe.skipIf(!hasChromium)('the page', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startBrowser();
  });

  async function open(
    bridge = new ShownBridge(),
    options: BrowserContextOptions = {},
  ): Promise<Visit> {
    const person = await visit(browser, urlOf(await serveWeb({ token }, bridge)), options);
    await signIn(person, token);
    return person;
  }

  test('without a token configured it shows everything, has no buttons, and says why', async () => {
    const person = await visit(browser, urlOf(await serveWeb({}, new ShownBridge())));
    const { page } = person;
    await isLive(page);
    await page
      .getByText('Read-only: there are no buttons, because no token is configured.')
      .waitFor();
    await card(page).getByText('Available', { exact: true }).waitFor();
    const buttons = await page.getByRole('button').allTextContents();
    expect(buttons).toEqual(['Show']);
    await expectAccessible(page);
    expectQuiet(person);
  });

  test('a session that ends leads to the way in, and back', async () => {
    let now = Date.now();
    const served = await serveWeb({ token, session_ms: 60_000, now: () => now }, new ShownBridge());
    const person = await visit(browser, urlOf(served));
    await signIn(person, token);
    const { page } = person;
    now += 61_000;
    await card(page).locator('[data-value="cached"]').click();
    await page.getByText('You are not signed in any more').waitFor();
    // Nothing of what was there can be seen or reached.
    await card(page)
      .locator('[data-value="cached"]')
      .click({ trial: true, timeout: 500 })
      .then(
        () => expect.unreachable('the page behind can be clicked'),
        () => undefined,
      );
    await signIn(person, token);
    expect(served.bridge.asked.filter((one) => one.includes('refresh'))).toEqual([]);
    await card(page).locator('[data-value="cached"]').click();
    await expect
      .poll(() => served.bridge.asked.join())
      .toMatch(/ioniq5: refresh {"value":"cached"/);
    expectQuiet(person);
  });

  test('a phone needs no sideways scroll, in no part of the page', async () => {
    const { page } = await open(
      new ShownBridge({}, 'AVeryLongNameWithoutAnyPlaceWhereItCouldBeBroken'),
      phone,
    );
    await card(page).getByText('More commands').click();
    await expectNoSidewaysScroll(page);
    const small = await page.evaluate<string[]>(
      `[...document.querySelectorAll('button, nav a, summary')]
        .map((target) => ({ text: target.textContent, box: target.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.height < 24 || box.width < 24))
        .map(({ text }) => text)`,
    );
    expect(small).toEqual([]);
    await card(page).locator('[data-command="schedule"]').click();
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });

  test.each(['light', 'dark'] as const)(
    'accessible in the %s, with a form open too',
    async (colorScheme) => {
      const more = {
        stale: true,
        doors: { ...aCar().doors, front_left: true },
        lock: { state: 'unlocked' as const },
      };
      const { page } = await open(new ShownBridge(more), { colorScheme });
      await card(page).getByText('Old values').waitFor();
      await card(page).getByText('Open: front left').waitFor();
      await card(page).getByText('More commands').click();
      await expectAccessible(page);
      await card(page).locator('[data-command="climate"][data-value="start"]').click();
      await page.getByRole('dialog').waitFor();
      await expectAccessible(page);
    },
  );

  test('the keyboard alone does: in, to a car, a form, a filter', async () => {
    const bridge = new ShownBridge();
    const { page } = await visit(browser, urlOf(await serveWeb({ token }, bridge)));
    await page.getByRole('dialog', { name: 'Sign in' }).waitFor();
    await page.keyboard.type(token);
    await page.keyboard.press('Enter');
    await isLive(page);
    await tabTo(page, 'Skip to the cars');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Lock');
    await page.keyboard.press('Enter');
    await expect.poll(() => bridge.asked.join()).toMatch(/ioniq5: lock {"value":"lock"/);
    await tabTo(page, 'More commands');
    await page.keyboard.press('Space');
    await tabTo(page, 'V2L limit');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('60');
    await page.keyboard.press('Enter');
    await expect.poll(() => bridge.asked.join()).toMatch(/ioniq5: v2l_limit {"value":60/);
    await tabTo(page, 'Sound horn');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(bridge.asked.join()).not.toContain('horn');
    const isSeen = await page.evaluate<string>(
      'getComputedStyle(document.activeElement).outlineStyle + document.activeElement.textContent',
    );
    expect(isSeen).toMatch(/^solid.*Sound horn/);
  });

  test("a vendor's words are text, whatever they hold", async () => {
    const evil =
      '<img src=x onerror="document.title=`taken`"><script>document.title="taken"</script>';
    const person = await open(new ShownBridge({}, evil));
    const { page } = person;
    await card(page).getByRole('heading', { name: evil }).waitFor();
    expect(await page.title()).toBe('bluelink2mqtt');
    expect(await card(page).locator('img, script').count()).toBe(0);
    expectQuiet(person);
  });

  test('what happens is shown as it happens, and nothing that is typed is lost by it', async () => {
    const bridge = new ShownBridge();
    const { page } = await open(bridge);
    await page.locator('#log').getByLabel('Id').fill('half an i');
    const [documents] = bridge.documents;
    const { state } = documents ?? {};
    if (state === null || state === undefined) throw new Error('there is no car');
    bridge.live.tell({ kind: 'state', data: { ...state, odometer_km: 424_242 } });
    await card(page).getByText('424,242 km').waitFor();
    bridge.live.tell({ kind: 'availability', data: { vehicle: 'ioniq5', available: false } });
    await card(page).getByText('Not available').waitFor();
    const told = {
      schema: 1,
      id: 'others',
      vehicle: 'ioniq5',
      at: new Date().toISOString(),
    } as const;
    bridge.live.tell({
      kind: 'progress',
      data: {
        ...told,
        seq: 3,
        command: 'trips',
        status: 'progress',
        done: 3,
        total: 12,
        percent: 25,
      },
    });
    const bar = page.getByRole('progressbar', { name: 'Blue: Trips: progress' });
    expect(await bar.getAttribute('value')).toBe('25');
    await page.getByText('25 % (3 of 12)').waitFor();
    bridge.live.tell({
      kind: 'result',
      data: {
        ...told,
        seq: 4,
        command: 'trips',
        status: 'failed',
        code: 'unavailable',
        message: 'away',
        retryable: true,
      },
    });
    await card(page)
      .getByText("The maker's cloud cannot be reached, or is out of order.")
      .waitFor();
    await page.getByText('Nothing is under way.').waitFor();
    expect(await page.locator('#log').getByLabel('Id').inputValue()).toBe('half an i');
  });

  test('the place is a link, and no map is loaded', async () => {
    const person = await open();
    const link = card(person.page).getByRole('link', { name: /on OpenStreetMap/ });
    expect(await link.getAttribute('href')).toMatch(/^https:\/\/www\.openstreetmap\.org\/\?mlat=/);
    expect(await link.getAttribute('rel')).toBe('noreferrer noopener');
    expectQuiet(person);
  });
});

function aCar() {
  const [documents] = new ShownBridge().documents;
  if (documents?.state === null || documents === undefined) throw new Error('there is no car');
  return documents.state;
}

async function tabTo(page: Page, text: string): Promise<void> {
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate<string>('document.activeElement?.textContent ?? ""');
    if (at.startsWith(text)) return;
  }
  throw new Error(`the key Tab does not lead to ${text}`);
}
