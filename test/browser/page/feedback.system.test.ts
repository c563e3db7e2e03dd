/** The feedback of the example page in a real browser: given, followed, refused; for the keyboard, narrow screens and axe. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { violations } from './axe.ts';
import { startFakeSystem } from './fake-system.ts';
import type { FakeSystem } from './fake-system.ts';
import { focused, tabTo } from './keyboard.ts';
import { describeInBrowser, openPage, useBrowser } from './real-browser.ts';

const browser = useBrowser();
let system: FakeSystem;

const card = (page: Page, text: string) => page.getByRole('listitem').filter({ hasText: text });
const field = (page: Page) => page.getByRole('textbox', { name: 'What do you think?' });

async function open(options: Parameters<typeof browser.open>[0] = {}) {
  const page = await openPage(await browser.open(options), system.pageUrl);
  await page.getByRole('rowheader', { name: 'duplicate-detection' }).waitFor();
  return page;
}

async function give(page: Page, text: string): Promise<string> {
  await field(page).fill(text);
  await page.getByRole('button', { name: 'Give feedback' }).click();
  await card(page, text).waitFor();
  return system.lastFeedback().feedbackId;
}

const FOUND = {
  sentiment: { score: -0.5, label: 'negative' },
  category: { category: 'bug' },
  priority: { priority: 'high', reasons: [] },
} as const;

describeInBrowser('feedback', () => {
  beforeAll(async () => {
    system = await startFakeSystem({ jobs: false, generation: false, feedback: true });
  });
  afterAll(() => system.stop());
  beforeEach(() => {
    system.feedback.clear();
    system.failures.clear();
  });

  test('is given, shows what agents find out, and a screen reader hears of its priority', async () => {
    const page = await open();
    const feedbackId = await give(page, 'The export crashes');
    await card(page, 'The export').getByText('received', { exact: true }).waitFor();
    system.setFeedback(feedbackId, FOUND);
    await card(page, 'The export').getByText('high', { exact: true }).waitFor();
    await card(page, 'The export').getByText('negative (-0.5)').waitFor();
    await page
      .getByRole('status')
      .filter({ hasText: 'Priority high: The export crashes.' })
      .waitFor({ state: 'attached' });
    expect(page.errors).toEqual([]);
    await page.context().close();
  });

  test('an empty text and one that is too long are refused here, in words, at the field', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Give feedback' }).click();
    await page.getByRole('alert').filter({ hasText: 'Write a text first.' }).waitFor();
    expect(await field(page).getAttribute('aria-invalid')).toBe('true');
    await field(page).fill('x'.repeat(4_001));
    await page.getByRole('button', { name: 'Give feedback' }).click();
    await page.getByRole('alert').filter({ hasText: '4,001 characters; 4,000 are allowed' }).waitFor();
    expect(system.feedback.size).toBe(0);
    await page.context().close();
  });

  test('what the API refuses is told with its reason; sent again it is one feedback', async () => {
    const page = await open();
    const detail = 'Nothing was stored.';
    system.failures.set('POST /feedback', [{ status: 503, code: 'WAYBILL_DATABASE_UNAVAILABLE', detail }]);
    const keys: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') keys.push(request.headers()['idempotency-key'] ?? '');
    });
    await field(page).fill('Stubborn');
    await page.getByRole('button', { name: 'Give feedback' }).click();
    await page.getByRole('alert').filter({ hasText: detail }).waitFor();
    system.failures.clear();
    await page.getByRole('button', { name: 'Give feedback' }).click();
    await card(page, 'Stubborn').waitFor();
    await give(page, 'Another');
    expect(keys).toHaveLength(3);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(system.feedback.size).toBe(2);
    await page.context().close();
  });

  test('a network that goes and comes back: said, and gone on by itself', async () => {
    const page = await open();
    await page.context().setOffline(true);
    await page.getByText('The server can not be reached. Check the connection. Trying again.').waitFor();
    await page.context().setOffline(false);
    await page.getByText('The server can not be reached').waitFor({ state: 'hidden' });
    expect(page.errors).toEqual([]);
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)('axe finds nothing in the %s scheme', async (colorScheme) => {
    const page = await open({ colorScheme });
    system.setFeedback(await give(page, 'The export crashes'), FOUND);
    await card(page, 'The export').getByText('high', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Give feedback' }).click();
    await page.getByRole('alert').filter({ hasText: 'Write a text first.' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });

  test('with the keyboard alone: from the skip link to feedback and both tables', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await tabTo(page, 'What do you think?');
    await page.keyboard.type('Typed');
    await tabTo(page, 'Product');
    await page.keyboard.press('ArrowDown');
    await tabTo(page, 'Give feedback');
    await page.keyboard.press('Enter');
    await card(page, 'Typed').waitFor();
    expect(system.lastFeedback().productId).toBe('beacon');
    await tabTo(page, 'Agents');
    await tabTo(page, 'Roadmap');
    await page.context().close();
  });

  test.each([320, 480, 900])('%i pixels wide: the page needs no scrolling sideways', async (width) => {
    const page = await open({ viewport: { width, height: 800 } });
    const feedbackId = await give(page, `A word of ${'x'.repeat(200)}`);
    const duplicateOf = { originalId: `fbk_${'0'.repeat(56)}` };
    system.setFeedback(feedbackId, { ...FOUND, duplicateOf });
    await card(page, 'A word of').getByText('says what fbk_').waitFor();
    // Tables scroll within themselves where they have to.
    const beyond = await page.evaluate<string[]>(
      `[...document.querySelectorAll('main *, header *')]
      .filter((e) => !e.closest('.unseen, .scroll > *') && !e.matches('.unseen, input') && e.getBoundingClientRect().right > innerWidth + 1)
      .map((e) => e.outerHTML.slice(0, 80))`,
    );
    expect(beyond).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await page.context().close();
  });
});
