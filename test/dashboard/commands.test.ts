import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { expectQuiet, hasChromium, startBrowser, visit } from './browser.js';
import { serveDaemon, signedIn, token, type Served } from './daemon-page.js';

const slow = { vehicles: { '*': { command: { car_latency_ms: 1500 } } } };

describe.skipIf(!hasChromium || !hasMosquitto)('commands', () => {
  let broker: Mosquitto;
  let browser: Browser;
  let one: Served;

  beforeAll(async () => {
    broker = await startMosquitto();
    browser = await startBrowser();
    one = await serveDaemon(broker, {
      cars: 2,
      weather: slow,
      config: {
        commands: {
          allow: ['refresh', 'trips', 'cancel', 'lock', 'lock:unlock', 'climate', 'windows'],
        },
      },
    });
    await one.bridge.ready();
  });

  const card = (page: Page, name = 'car0') => page.locator(`[data-vehicle="${name}"]`);

  test('the wrong token does not open it, the right one does, and it is nowhere to be found', async () => {
    const person = await visit(browser, one.url);
    const { page } = person;
    const dialog = page.getByRole('dialog', { name: 'Sign in' });
    await dialog.getByLabel('Token').fill('not-the-token-at-all');
    await page.keyboard.press('Enter');
    await dialog.getByText('This is not the token.').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    // A browser closes it at the second time; it is back at once.
    await dialog.waitFor();
    expect(await card(page).count()).toBe(0);
    await dialog.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await card(page).waitFor();
    const kept = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, document.documentElement.outerHTML])',
    );
    expect(kept).not.toContain(token);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await dialog.getByLabel('Token').waitFor();
    expect(await card(page).count()).toBe(0);
    expectQuiet(person);
  });

  test('from the click to confirmed, on the button, in the list and in the log', async () => {
    const person = await signedIn(browser, one);
    const { page } = person;
    const button = card(page).getByRole('button', { name: 'Lock', exact: false });
    const lock = button.and(page.locator('[data-value="lock"]'));
    await lock.click();
    await page.locator('#under-way .work', { hasText: 'Lock' }).waitFor();
    await lock.getByText('Confirming').waitFor();
    expect(await lock.getAttribute('aria-busy')).toBe('true');
    await card(page).getByText('The maker has it; waiting for the car.').waitFor();
    await lock.getByText('Done').waitFor();
    await card(page).getByText('Lock: done').waitFor();
    await page.getByText('Nothing is under way.').waitFor();
    expect(await lock.isEnabled()).toBe(true);
    const id = one.bridge.recorder
      .on(one.bridge.topic('car0/result'))
      .map(({ payload }) => JSON.parse(payload) as { id: string; status: string })
      .findLast(({ status }) => status === 'succeeded')?.id;
    expect(id).toMatch(/^page-/);
    await page
      .locator(`.entry[data-id="${String(id)}"] .chip.good`)
      .getByText('Done')
      .waitFor();
    expect(await page.locator('#announcer').textContent()).toMatch(/Lock: Done/);
    expectQuiet(person);
  });

  test('the buttons are exactly what the car offers and the settings allow', async () => {
    const { page } = await signedIn(browser, one);
    await card(page).getByText('More commands').click();
    const shown = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[data-vehicle="car0"] button.command')].map(({ dataset }) =>
        [dataset.command, dataset.value ?? ''].join(':'))`,
    );
    expect(shown.sort()).toEqual(
      [
        ...['refresh:cached', 'refresh:force', 'refresh:smart', 'lock:lock', 'lock:unlock'],
        ...['climate:start', 'climate:stop', 'windows:close', 'windows:vent', 'windows:', 'trips:'],
      ].sort(),
    );
  });

  test('what opens a car is asked for once, and not done before', async () => {
    const { page } = await signedIn(browser, one);
    const unlock = card(page).locator('[data-value="unlock"]');
    await unlock.click();
    const question = page.getByRole('dialog');
    await question.getByText('Whoever stands beside the car can then open it.').waitFor();
    // Whoever presses Enter without reading has not meant it.
    await page.keyboard.press('Enter');
    await question.waitFor({ state: 'detached' });
    expect(one.bridge.actions('started', 'car0').map(({ name }) => name)).not.toContain('unlock');
    await unlock.click();
    await question.getByRole('button', { name: 'Unlock' }).click();
    await card(page).getByText('Unlock: done').waitFor();
    await card(page).locator('.facts').getByText('Unlocked').waitFor();
  });

  test('a start with fields takes what was entered', async () => {
    const { page } = await signedIn(browser, one);
    await card(page).getByRole('button', { name: 'Start climate' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Temperature').fill('19.5');
    await form.getByLabel('Seat front left').selectOption('Heat high');
    await form.getByRole('button', { name: 'Start climate' }).click();
    await card(page).getByText('Start climate: done').waitFor();
    expect(one.bridge.actions('started', 'car0')).toContainEqual(
      expect.objectContaining({ name: 'climate_start', temperature: 19.5 }),
    );
    await card(page).locator('.facts').getByText('On to 19.5 °C').waitFor();
  });

  test('a refusal in plain words, with what to do, and the way past the guard for a person', async () => {
    await one.bridge.weather({
      vehicles: { '*': { cached: { aux_battery: 45 }, force: { aux_battery: 90 } } },
    });
    const { page } = await signedIn(browser, one);
    await card(page, 'car1').locator('[data-value="cached"]').click();
    await card(page, 'car1').getByText('45 %, low').waitFor();
    await card(page, 'car1').locator('[data-value="force"]').click();
    const told = card(page, 'car1').locator('.outcome');
    await told.getByText('The 12 V battery is low, and a wake would drain it further.').waitFor();
    await told.getByText('Read the cloud instead, or drive the car for a while.').waitFor();
    await told.getByText('battery_guard').waitFor();
    await told.getByRole('button', { name: 'Wake all the same' }).click();
    await card(page, 'car1').getByText('Wake and read: done').waitFor();
    await one.bridge.weather({ vehicles: { '*': { command: { car: 'refuses' } } } });
    await card(page, 'car1').locator('[data-command="lock"][data-value="lock"]').click();
    await told.getByText('The car or its maker refused it.').waitFor();
    await told
      .getByText('Is a door open, the cable not plugged in, or is it being driven?')
      .waitFor();
    await told.getByRole('button', { name: 'Dismiss' }).click();
    expect(await told.isVisible()).toBe(false);
    await one.bridge.weather(slow);
  });

  test('what others ask is seen, and can be cancelled while it waits', async () => {
    await one.bridge.weather({ vehicles: { '*': { force: { latency_ms: 4000 } } } });
    const { page } = await signedIn(browser, one);
    const first = await one.bridge.send('car0', 'force');
    await page.locator(`#under-way [data-id="${first}"]`).getByText('Sending').waitFor();
    const waiting = await one.bridge.command('car0', 'lock', { value: 'lock' });
    const work = page.locator(`#under-way [data-id="${waiting}"]`);
    await work.getByText('Waiting').waitFor();
    await work.getByRole('button', { name: 'Cancel' }).click();
    await one.bridge.recorder.waitForEnding(waiting);
    expect(one.bridge.statuses(waiting)).toEqual(['accepted', 'cancelled']);
    await work.waitFor({ state: 'detached' });
    await one.bridge.recorder.waitForEnding(first, 20_000);
    await one.bridge.weather(slow);
  });

  test('long work shows how far it is, and can be cancelled', async () => {
    const { page } = await signedIn(browser, one);
    await one.bridge.weather({ vehicles: { '*': { cached: { latency_ms: 200 } } } });
    const id = await one.bridge.command('car0', 'trips', { from: '2025-12', to: '2026-10' });
    const work = page.locator(`#under-way [data-id="${id}"]`);
    await expect.poll(() => work.locator('progress').getAttribute('aria-label')).toMatch(/Trips/);
    await work.getByText(/\d+ % \(\d+ of \d+\)/).waitFor();
    const cancel = work.getByRole('button', { name: 'Cancel' });
    await cancel.click();
    const ending = await one.bridge.recorder.waitForEnding(id, 20_000);
    expect(ending.status).toBe('cancelled');
    await work.waitFor({ state: 'detached' });
    await one.bridge.weather(slow);
  });

  test('the log is filtered, paged, and tells the steps of each', async () => {
    for (let at = 0; at < 30; at += 1) await one.bridge.refresh('car1', 'cached');
    const { page } = await signedIn(browser, one);
    const log = page.locator('#log');
    await expect.poll(() => log.locator('.entry').count()).toBe(25);
    await log.getByRole('button', { name: 'Older' }).click();
    await expect.poll(() => log.locator('.entry').count()).toBeGreaterThan(30);
    await log.getByLabel('Status').selectOption('Refused');
    await expect.poll(() => log.locator('.entry .chip').allTextContents()).toEqual(['Refused']);
    await log.getByLabel('Car').selectOption({ index: 1 });
    await log.getByText('Nothing fits.').waitFor();
    await log.getByLabel('Status').selectOption('Any');
    await log.getByLabel('Of the last').selectOption('1 hour');
    const unlocked = log.locator('.entry', { hasText: 'Unlock' }).first();
    await unlocked.locator('summary').click();
    expect(await unlocked.locator('.steps strong').allTextContents()).toEqual([
      'Waiting',
      'Sending',
      'Confirming',
      'Done',
    ]);
    const id = (await unlocked.getAttribute('data-id')) ?? '';
    await log.getByLabel('Id').fill(id);
    await page.keyboard.press('Enter');
    await expect.poll(() => log.locator('.entry').count()).toBe(1);
    await log.getByLabel('Id').fill('no such id');
    await page.keyboard.press('Enter');
    await log.getByText('What was entered does not fit').waitFor();
  });
});
