/** A headless Chromium for the tests of a file, and how tests are declared that need one. */
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { BROWSER_VARIABLE, findBrowser } from '../../../scripts/find-browser.ts';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Bounds a hang, never a duration. */
export const PATIENCE_MS = 60_000;

const found = await findBrowser();

/** Skips, with the reason in the name, where no browser is found. */
export const describeInBrowser =
  found === undefined
    ? (name: string, _tests: () => void): void => {
        describe(`${name} (no Chromium on this machine: npm run browser:install, or ${BROWSER_VARIABLE})`, () => {
          test.skip('needs a browser', () => {});
        });
      }
    : describe;

/** Started once a file; each test opens contexts of its own. */
export function useBrowser(): { open(options?: BrowserContextOptions): Promise<BrowserContext> } {
  let browser: Browser | undefined;
  const contexts: BrowserContext[] = [];
  beforeAll(async () => {
    if (found === undefined) return;
    browser = await chromium.launch({
      executablePath: found.executable,
      args: ARGUMENTS,
      headless: true,
      timeout: PATIENCE_MS * 2,
    });
  });
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await browser?.close();
  });
  return {
    open: async (options) => {
      const context = await browser!.newContext({ locale: 'en-GB', ...options });
      context.setDefaultTimeout(PATIENCE_MS);
      contexts.push(context);
      return context;
    },
  };
}

/** A page, and what went wrong in it that nobody expects: errors and what the console says of them. */
export async function openPage(context: BrowserContext, url: string): Promise<Page & { errors: string[] }> {
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // The browser itself writes down each request and connection that fails; tests make them fail.
    const isOfNetwork = /Failed to load resource|WebSocket connection to/.test(message.text());
    if (message.type() === 'error' && !isOfNetwork) errors.push(message.text());
  });
  await page.goto(url);
  return Object.assign(page, { errors });
}
