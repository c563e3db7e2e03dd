/** The example page for everybody: keyboard alone, screen-reader names, contrast, themes, narrow screens, less motion. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { violations } from './axe.ts';
import { startFakeSystem } from './fake-system.ts';
import type { FakeSystem } from './fake-system.ts';
import { focused, tabTo } from './keyboard.ts';
import { describeInBrowser, openPage, useBrowser } from './real-browser.ts';

const browser = useBrowser();
let system: FakeSystem;

/** Jobs and images in every state that there is. */
function fill(): void {
  const endedAt = new Date().toISOString();
  const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed-out'] as const;
  for (const [index, status] of states.entries()) {
    const jobId = `0123456789abcdef-state-${index}`;
    system.jobs.set(jobId, {
      jobId,
      status,
      progress: 40,
      attempt: 2,
      model: 'echo-small',
      createdAt: endedAt,
      ...(status !== 'queued' && status !== 'running' && { endedAt }),
      ...(status === 'succeeded' && { result: { text: 'A result.', finishReason: 'stop' } }),
      ...(status === 'failed' && { error: { code: 'MODEL_FAILED', message: 'The model gave up.' } }),
    });
  }
  for (const [prompt, status] of [
    ['Done', 'COMPLETE'],
    ['Broken', 'ERROR'],
  ] as const) {
    system.finish(system.order(prompt).generationId, status);
  }
  system.order('Not yet');
}

async function filledPage(options: Parameters<ReturnType<typeof useBrowser>['open']>[0]) {
  const page = await openPage(await browser.open(options), system.pageUrl);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByText('The model gave up.').waitFor();
  await page.getByRole('img', { name: 'Done' }).waitFor();
  return page;
}

describeInBrowser('access', () => {
  beforeAll(async () => {
    system = await startFakeSystem();
    fill();
  });
  afterAll(() => system.stop());

  test.each(['light', 'dark'] as const)(
    'axe finds nothing in the %s scheme, also with problems shown',
    async (colorScheme) => {
      const page = await filledPage({ colorScheme });
      expect(await violations(page)).toEqual([]);
      for (const button of ['Submit job', 'Generate image'])
        await page.getByRole('button', { name: button }).click();
      await page.getByRole('button', { name: /^Show result/ }).click();
      await page.getByText('A result.').waitFor();
      system.refusing = true;
      system.cut();
      await page.getByText('Offline, trying again').waitFor();
      expect(await violations(page)).toEqual([]);
      system.refusing = false;
      await page.context().close();
    },
  );

  test('axe finds nothing on a page that could not be started, and it starts at the second try', async () => {
    const context = await browser.open();
    let broken = true;
    await context.route('**/config.json', (route) => (broken ? route.abort() : route.continue()));
    const page = await openPage(context, system.pageUrl);
    await page.getByRole('alert').filter({ hasText: 'The page could not be started' }).waitFor();
    expect(await violations(page)).toEqual([]);
    broken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Images', exact: true }).waitFor();
    await page.getByRole('alert').filter({ hasText: 'could not be started' }).waitFor({ state: 'hidden' });
    await context.close();
  });

  test('everything has a name that says what it is', async () => {
    const page = await filledPage({});
    const jobs = page.getByRole('region', { name: 'Jobs' });
    const images = page.getByRole('region', { name: 'Images' });
    for (const found of [
      page.getByRole('heading', { level: 1, name: 'Jobs and images' }),
      page.getByRole('group', { name: 'Theme' }),
      page.getByRole('radio', { name: 'Dark' }),
      jobs.getByRole('textbox', {
        name: 'Prompt',
        description: 'At most 32,000 characters. Ctrl and Enter submits.',
      }),
      jobs.getByRole('combobox', { name: 'Model' }),
      jobs.getByRole('button', { name: 'Submit job' }),
      jobs.getByRole('button', { name: 'Refresh jobs' }),
      jobs.getByRole('list', { name: 'Your jobs' }),
      jobs.getByRole('progressbar', { name: 'Progress of: Job cdef-state-1' }),
      jobs.getByRole('button', { name: 'Cancel: Job cdef-state-1' }),
      jobs.getByRole('button', { name: 'Show result: Job cdef-state-2' }),
      images.getByRole('combobox', { name: 'Size' }),
      images.getByRole('button', { name: 'Generate image' }),
      images.getByRole('list', { name: 'Your images' }),
      images.getByRole('img', { name: 'Done' }),
      images.getByText('Notifications: Live'),
    ]) {
      expect([String(found), await found.count()]).toEqual([String(found), 1]);
    }
    expect(await page.getByRole('status').count()).toBe(1);
    await page.context().close();
  });

  test('with the keyboard alone: from the skip link to a job, its cancellation, an image and a theme', async () => {
    const page = await filledPage({});
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Prompt');
    await page.keyboard.type('Typed');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('listitem').filter({ hasText: 'Typed' }).waitFor();
    expect(await focused(page)).toBe('Prompt');
    await tabTo(page, 'Cancel: Typed');
    await page.keyboard.press('Space');
    await page.getByRole('listitem').filter({ hasText: 'Typed' }).getByText('Cancelled').waitFor();
    await page.waitForFunction(`document.activeElement.textContent === 'Typed'`);
    await tabTo(page, 'Prompt');
    await page.keyboard.type('Painted');
    await tabTo(page, 'Size');
    await page.keyboard.press('ArrowDown');
    await tabTo(page, 'Generate image');
    await page.keyboard.press('Enter');
    await page.getByRole('listitem').filter({ hasText: 'Painted' }).waitFor();
    await page.getByRole('radio', { name: 'System' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true);
    await page.context().close();
  });

  test('what has the focus is seen to have it', async () => {
    const page = await filledPage({});
    const unseen: string[] = [];
    let reached = 0;
    for (;;) {
      await page.keyboard.press('Tab');
      // Behind the last one.
      if (await page.evaluate('document.activeElement === document.body')) break;
      reached += 1;
      const [name, visible] = await page.evaluate<[string, boolean]>(
        `(() => {
          const e = document.activeElement;
          const shown = e.type === 'radio' ? e.nextElementSibling : e;
          const style = getComputedStyle(shown);
          return [e.outerHTML.slice(0, 80), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
        })()`,
      );
      if (!visible) unseen.push(name);
    }
    expect(unseen).toEqual([]);
    expect(reached).toBeGreaterThanOrEqual(12);
    await page.context().close();
  });

  test('the theme follows the system until one is chosen, and the choice stays', async () => {
    const background = (page: Page): Promise<string> =>
      page.evaluate('getComputedStyle(document.body).backgroundColor');
    const page = await filledPage({ colorScheme: 'light' });
    const light = await background(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background(page);
    expect(dark).not.toBe(light);
    await page.getByText('Light', { exact: true }).click();
    expect(await background(page)).toBe(light);
    await page.reload();
    expect(await background(page)).toBe(light);
    expect(await page.getByRole('radio', { name: 'Light' }).isChecked()).toBe(true);
    await page.getByText('System', { exact: true }).click();
    expect(await background(page)).toBe(dark);
    await page.context().close();
  });

  test.each([320, 480, 900])(
    '%i pixels wide: nothing is cut off or needs scrolling sideways',
    async (width) => {
      const page = await filledPage({ viewport: { width, height: 800 } });
      const beyond = await page.evaluate<string[]>(
        `[...document.querySelectorAll('main *, header *')]
        .filter((e) => !e.closest('.unseen') && !e.matches('.unseen, input') && e.getBoundingClientRect().right > innerWidth + 1)
        .map((e) => e.outerHTML.slice(0, 80))`,
      );
      expect(beyond).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await page.context().close();
    },
  );

  test('with less motion nothing moves by itself', async () => {
    const page = await filledPage({ reducedMotion: 'reduce' });
    await page.getByText('Waiting for the image').first().waitFor();
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
    const lively = await filledPage({ reducedMotion: 'no-preference' });
    expect(await lively.evaluate('document.getAnimations().length')).toBeGreaterThan(0);
    await page.context().close();
    await lively.context().close();
  });
});
