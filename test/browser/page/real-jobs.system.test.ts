/** The example page with the jobs system behind it, from its synthesized templates in the embedded AWS. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { LivePage } from '../../../local/run/live-page.ts';
import { startLocalRun } from '../../../local/run/local-run.ts';
import type { LocalRun } from '../../../local/run/local-run.ts';
import { jobsSystem } from '../../../local/run/systems/jobs.ts';
import { describeInBrowser, openPage, useBrowser } from './real-browser.ts';

/** Synthesis and a deployment, on a machine that does other things too. */
const START_MS = 440_000;
const browser = useBrowser();
let run: LocalRun | undefined;
let served: LivePage | undefined;
let page: Page & { errors: string[] };

const card = (prompt: string) => page.getByRole('listitem').filter({ hasText: prompt });
const submit = async (prompt: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await page.getByRole('button', { name: 'Submit job' }).click();
  await card(prompt).waitFor();
};

describeInBrowser('the page and the jobs system', () => {
  beforeAll(async () => {
    run = await startLocalRun({
      directory: process.cwd(),
      environment: 'local',
      systems: ['jobs'],
      port: 0,
      seed: 1,
    });
    served = await jobsSystem.openPage?.(run);
    const context = await browser.open();
    context.setDefaultTimeout(180_000);
    page = await openPage(context, served!.url);
    await page.getByText('No jobs yet').waitFor();
  }, START_MS);
  afterAll(async () => {
    await served?.stop();
    await run?.stop();
  }, START_MS);

  test('a job is submitted, runs and shows its result', async () => {
    await submit('Tell of a parcel and a gull');
    await card('Tell of a parcel').getByText('Succeeded', { exact: true }).waitFor();
    expect((await card('Tell of a parcel').locator('.result').textContent())!.length).toBeGreaterThan(10);
  });

  test('progress of a slow one moves, and it is cancelled', async () => {
    await submit('#slow story of a ship');
    await card('#slow')
      .getByText(/^Running, [1-9]\d* %$/)
      .waitFor();
    await page.getByRole('button', { name: 'Cancel: #slow story of a ship' }).click();
    await card('#slow').getByText('Cancelled', { exact: true }).waitFor();
  });

  test('one that the model fails says why', async () => {
    await submit('#fail to tell of a storm');
    await card('#fail').getByText('Failed', { exact: true }).waitFor();
    await card('#fail')
      .locator('.problem')
      .filter({ hasText: /\([A-Z_]+\)$/ })
      .waitFor();
  });

  test('the network goes while a job runs, comes back, and the result is there', async () => {
    await submit('Tell of a lantern in a tunnel');
    await page.context().setOffline(true);
    await page.getByText('The server can not be reached').waitFor();
    await page.context().setOffline(false);
    await card('in a tunnel').getByText('Succeeded', { exact: true }).waitFor();
    expect(page.errors).toEqual([]);
  });

  test('nothing of a job of another user', async () => {
    const response = await page.request.get(`${served!.url}api/jobs/jobs/0123456789abcdef-foreign`, {
      headers: {
        authorization: `Bearer ${String(await page.evaluate("fetch('./config.json').then((r) => r.json()).then((c) => c.token)"))}`,
      },
    });
    expect(response.status()).toBe(404);
  });
});
