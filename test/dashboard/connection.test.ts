import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { keepSecret } from '../support/secret-scan.js';
import { expectQuiet, hasChromium, isLive, startBrowser } from './browser.js';
import { serveDaemon, served, signedIn } from './daemon-page.js';

const card = (page: Page) => page.locator('[data-vehicle="car0"]');

describe.skipIf(!hasChromium || !hasMosquitto)('a page that stays open', () => {
  let broker: Mosquitto;
  let browser: Browser;

  beforeAll(async () => {
    broker = await startMosquitto();
    browser = await startBrowser();
  });

  test('the daemon is killed: it says how old it is, takes no clicks, and is back by itself with what is new', async () => {
    const one = await serveDaemon(broker, {
      weather: { vehicles: { '*': { cached: { aux_battery: 91 } } } },
    });
    await one.bridge.ready();
    const { page } = await signedIn(browser, one);
    const lock = card(page).locator('[data-command="lock"][data-value="lock"]');
    await card(page).getByText('91 %').waitFor();
    one.bridge.daemon.kill('SIGKILL');
    await one.bridge.daemon.exit;
    const banner = page
      .getByRole('alert')
      .filter({ hasText: 'The connection to the bridge is lost.' });
    await banner.waitFor();
    await banner.getByText(/What you see is of .* ago|just now/).waitFor();
    await card(page).getByText('91 %').waitFor();
    expect(await lock.getAttribute('aria-disabled')).toBe('true');
    // Whoever clicks all the same sends nothing, now and later.
    await lock.dispatchEvent('click');
    await one.bridge.weather({ vehicles: { '*': { cached: { aux_battery: 77 } } } });
    await one.bridge.startAgain();
    await served(one.bridge);
    await isLive(page);
    await card(page).getByText('77 %').waitFor();
    expect(await banner.isVisible()).toBe(false);
    expect(await lock.isEnabled()).toBe(true);
    expect(one.bridge.actions('started', 'car0')).toEqual([]);
    await lock.click();
    await card(page).getByText('Lock: done').waitFor();
  });

  test('the token becomes another one: the way in, and back to where one was', async () => {
    const one = await serveDaemon(broker, { cars: 2 });
    await one.bridge.ready();
    const person = await signedIn(browser, one);
    const { page } = person;
    await card(page).getByText('More commands').click();
    await card(page).locator('[data-command="charge_limits"]').click();
    const form = page.getByRole('dialog', { name: /Charge limits/ });
    await form.getByLabel('Limit AC').fill('70');
    await one.bridge.daemon.stop();
    const other = 'another-token-9876543210';
    keepSecret(other);
    await one.bridge.startAgain({ http: { ...one.http, token: other } });
    await served(one.bridge);
    const wayIn = page.getByRole('dialog', { name: 'Sign in' });
    await wayIn.getByText('You are not signed in any more').waitFor();
    await wayIn.getByLabel('Token').fill(other);
    await page.keyboard.press('Enter');
    await wayIn.waitFor({ state: 'hidden' });
    await isLive(page);
    expect(await form.getByLabel('Limit AC').inputValue()).toBe('70');
    await form.getByRole('button', { name: 'Send' }).click();
    await card(page).getByText('Charge limits: done').waitFor();
    expect(await card(page).locator('details').getAttribute('open')).not.toBeNull();
    expect(one.bridge.actions('done', 'car0')).toContainEqual(expect.objectContaining({ ac: 70 }));
  });

  test('a one-time code: the way to send it, a wrong one, the right one', async () => {
    const code = '918273';
    keepSecret(code);
    const one = await serveDaemon(broker, { weather: { code } });
    const { page } = await signedIn(browser, one);
    await page.getByText('Account home: The maker wants a one-time code.').waitFor();
    const account = page.getByRole('article', { name: 'Account home' });
    await account.getByRole('button', { name: 'By SMS' }).click();
    await account.getByText('The code is on its way. Enter it here.').waitFor();
    // The focus is where the code goes.
    await page.keyboard.type('550011');
    await page.keyboard.press('Enter');
    await account
      .getByText('The code was not accepted. Try again, or have a new one sent.')
      .waitFor();
    await account.getByLabel('One-time code').fill(code);
    await account.getByRole('button', { name: 'Hand over' }).click();
    await account.getByText('The code was right.').waitFor();
    await account.getByText('Signed in').waitFor();
    await card(page).getByText('Available', { exact: true }).waitFor();
    expect(await page.evaluate<string>('document.documentElement.outerHTML')).not.toContain(code);
    await expect.poll(() => page.locator('#notices').textContent()).toBe('');
  });

  test('a breaker that opens says why, counts down, and is reset', async () => {
    const one = await serveDaemon(broker, {
      config: { breaker: { failures: 1, reset: '10m', max_reset: '10m' } },
    });
    await one.bridge.ready();
    const person = await signedIn(browser, one);
    const { page } = person;
    await one.bridge.weather({ vehicles: { '*': { cached: { fail: { code: 'unavailable' } } } } });
    await card(page).locator('[data-value="cached"]').click();
    const told = card(page).locator('.outcome');
    await told.getByText("The maker's cloud cannot be reached, or is out of order.").waitFor();
    const breaker = page.locator('.breakers li', { hasText: 'home, reads' });
    await breaker.getByText('Open: nothing goes out').waitFor();
    await breaker.getByText(/Tried again in \d+ min/).waitFor();
    await page.getByText("Last error: The maker's cloud").waitFor();
    await card(page).locator('[data-value="cached"]').click();
    await told.getByText("The maker's cloud failed too often in a row.").waitFor();
    expect(await told.getByText(/Try again in \d+ min/).getAttribute('aria-disabled')).toBe('true');
    await one.bridge.weather({});
    await breaker.getByRole('button', { name: 'Reset the breakers of home' }).click();
    await breaker.getByText('Closed: calls go out').waitFor();
    await card(page).locator('[data-value="cached"]').click();
    await card(page).getByText('Read the cloud: done').waitFor();
    expectQuiet(person);
  });
});
