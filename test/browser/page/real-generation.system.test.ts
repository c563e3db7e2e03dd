/** The example page with the generation system behind it, from its synthesized templates in the embedded AWS. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import type { LivePage } from '../../../local/run/live-page.ts';
import { startLocalRun } from '../../../local/run/local-run.ts';
import type { LocalRun } from '../../../local/run/local-run.ts';
import { generationSystem } from '../../../local/run/systems/generation.ts';
import { describeInBrowser, openPage, useBrowser } from './real-browser.ts';

/** Synthesis and a deployment, on a machine that does other things too. */
const START_MS = 440_000;
const browser = useBrowser();
let run: LocalRun | undefined;
let served: LivePage | undefined;
let context: BrowserContext;
let page: Page & { errors: string[] };

const card = (prompt: string, within: Page = page) =>
  within.getByRole('listitem').filter({ hasText: prompt });
const image = (prompt: string, within: Page = page) => within.getByRole('img', { name: prompt });
const live = (within: Page = page) => within.getByText('Live', { exact: true }).waitFor();
const order = async (prompt: string, within: Page = page): Promise<void> => {
  await within.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await within.getByRole('button', { name: 'Generate image' }).click();
  await card(prompt, within).waitFor();
};

describeInBrowser('the page and the generation system', () => {
  beforeAll(async () => {
    run = await startLocalRun({
      directory: process.cwd(),
      environment: 'local',
      systems: ['generation'],
      port: 0,
      seed: 1,
    });
    served = await generationSystem.openPage?.(run);
    context = await browser.open();
    context.setDefaultTimeout(180_000);
    page = await openPage(context, served!.url);
    await live();
  }, START_MS);
  afterAll(async () => {
    await served?.stop();
    await run?.stop();
  }, START_MS);

  test('an image is ordered and appears by itself', async () => {
    await order('A heron on a jetty');
    await image('A heron on a jetty').waitFor();
    await card('A heron').getByText('Complete').waitFor();
  });

  test('one that the provider refuses says so', async () => {
    await order('#fail of a storm');
    await card('#fail of a storm').getByText('Failed').waitFor();
  });

  test('two tabs; one is offline while images come, and has them all, marked, in order, when it is back', async () => {
    const away = await browser.open();
    away.setDefaultTimeout(180_000);
    const other = await openPage(away, served!.url);
    await live(other);
    await away.setOffline(true);
    await other.getByText('Offline, trying again').waitFor();
    const prompts = ['First of three', 'Second of three', 'Third of three'];
    for (const prompt of prompts) {
      await order(prompt);
      await image(prompt).waitFor();
    }
    await away.setOffline(false);
    await live(other);
    for (const prompt of prompts) {
      await image(prompt, other).waitFor();
      expect(await card(prompt, other).count()).toBe(1);
      await card(prompt, other).getByText('Arrived while you were away').waitFor();
    }
    expect(other.errors).toEqual([]);
  });

  test('loaded again, everything is in the list', async () => {
    await page.reload();
    await live();
    for (const prompt of ['A heron on a jetty', 'Third of three']) await image(prompt).waitFor();
    await card('#fail of a storm')
      .getByText(/could not be generated/)
      .waitFor();
    expect(page.errors).toEqual([]);
  });
});
