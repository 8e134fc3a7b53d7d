import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findProgram, isAvailable } from '../support/programs.js';
import { onTeardown } from '../support/teardown.js';

const program = findProgram('chromium');

export const hasChromium = isAvailable(program !== undefined, 'chromium (package chromium)');

const patience_ms = 15_000;

/** A real Chromium without a window, ended with the file. */
export async function startBrowser(options: readonly string[] = []): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: program ?? 'chromium',
    // A browser that runs as root has no sandbox.
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...options],
  });
  onTeardown(() => browser.close());
  return browser;
}

/** A page of a person of their own: no other page's cookies. What it complains of, and asks elsewhere, is kept. */
export interface Visit {
  readonly page: Page;
  readonly url: string;
  /** What the browser's console has said, but for what it says of each refused request. */
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(patience_ms);
  onTeardown(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (['error', 'warning'].includes(message.type()) && !isRefusal)
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, url, complaints, requests };
}

export async function signIn({ page }: Visit, token: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.getByLabel('Token').fill(token);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await isLive(page);
}

/** Connected, and everything is read. */
export async function isLive(page: Page): Promise<void> {
  await page.locator('#connection').getByText('Live').waitFor();
}

/** Nothing was asked of anybody else, and nothing was complained of: no policy was broken, no script failed. */
export function expectQuiet({ url, complaints, requests }: Visit): void {
  const origin = new URL(url).origin;
  expect(requests.filter((one) => new URL(one).origin !== origin)).toEqual([]);
  expect(requests.length).toBeGreaterThan(5);
  expect(complaints).toEqual([]);
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { html: string }[];
  }[];
  readonly passes: readonly { readonly id: string }[];
}

/** What axe-core finds wrong with the page as it stands. */
export async function expectAccessible(page: Page): Promise<void> {
  // Evaluated by the debugger, which the page's policy does not bind.
  const { violations, passes } = await page.evaluate<AxeResults>(
    `${axe.source}; axe.run(document, { resultTypes: ['violations', 'passes'] })`,
  );
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
  );
  expect(found).toEqual([]);
  // It did look.
  expect(passes.map(({ id }) => id)).toEqual(expect.arrayContaining(['color-contrast', 'label']));
}

export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [wide, shown] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  expect(wide).toBe(shown);
}
