/** The jobs of the example page in a real browser: submit, progress, result, cancel, errors, other tabs. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { startFakeSystem } from './fake-system.ts';
import type { FakeSystem } from './fake-system.ts';
import { describeInBrowser, openPage, useBrowser } from './real-browser.ts';

const browser = useBrowser();
let system: FakeSystem;
let page: Page & { errors: string[] };

const submit = async (prompt: string): Promise<string> => {
  const known = system.jobs.size;
  await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await page.getByRole('button', { name: 'Submit job' }).click();
  await card(prompt).waitFor();
  expect(system.jobs.size).toBe(known + 1);
  return system.lastJob().jobId;
};
const card = (prompt: string) => page.getByRole('listitem').filter({ hasText: prompt });
const bar = (prompt: string) => page.getByRole('progressbar', { name: `Progress of: ${prompt}` });
const ended = (): string => new Date().toISOString();

describeInBrowser('jobs', () => {
  beforeAll(async () => {
    system = await startFakeSystem({ generation: false });
  });
  afterAll(() => system.stop());
  beforeEach(async () => {
    system.jobs.clear();
    system.submissions.length = 0;
    system.failures.clear();
    page = await openPage(await browser.open(), system.pageUrl);
    await page.getByText('No jobs yet').waitFor();
  });

  test('a job is submitted, its progress moves, its result appears, and a screen reader hears of the end', async () => {
    const jobId = await submit('Count the boats');
    await card('Count the boats').getByText('Queued').waitFor();
    for (const progress of [20, 75]) {
      system.setJob(jobId, { status: 'running', progress, attempt: 1 });
      await card('Count the boats').getByText(`Running, ${progress} %`).waitFor();
      expect(await bar('Count the boats').getAttribute('value')).toBe(String(progress));
    }
    system.setJob(jobId, {
      status: 'succeeded',
      progress: 100,
      endedAt: ended(),
      result: { text: 'Eleven boats.', finishReason: 'stop' },
    });
    await card('Count the boats').getByText('Eleven boats.').waitFor();
    await page
      .getByRole('status')
      .filter({ hasText: 'Succeeded: Count the boats.' })
      .waitFor({ state: 'attached' });
    expect(await bar('Count the boats').count()).toBe(0);
    expect(page.errors).toEqual([]);
  });

  test('progress never goes back, and an end stays', async () => {
    const jobId = await submit('Forwards only');
    system.setJob(jobId, { status: 'running', progress: 60, attempt: 1 });
    await card('Forwards only').getByText('60 %').waitFor();
    system.setJob(jobId, { status: 'running', progress: 10, attempt: 1 });
    const other = await submit('Another');
    system.setJob(other, { status: 'running', progress: 5, attempt: 1 });
    await card('Another').getByText('5 %').waitFor();
    expect(await bar('Forwards only').getAttribute('value')).toBe('60');
    system.setJob(jobId, { status: 'running', progress: 15, attempt: 2 });
    await card('Forwards only').getByText('Running, 15 %').waitFor();
  });

  test('a job is cancelled; the focus stays with it', async () => {
    const jobId = await submit('Never mind');
    system.setJob(jobId, { status: 'running', progress: 30, attempt: 1 });
    await page.getByRole('button', { name: 'Cancel: Never mind' }).click();
    await card('Never mind').getByText('Cancelled').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Never mind');
  });

  test('a job that has ended meanwhile shows how, in place of an error', async () => {
    const jobId = await submit('Too late');
    const path = `DELETE /jobs/${jobId}`;
    system.failures.set(path, [{ status: 409, code: 'WAYBILL_JOB_ENDED', detail: 'The job has ended.' }]);
    const button = page.getByRole('button', { name: 'Cancel: Too late' });
    await button.waitFor();
    await button.click();
    system.setJob(jobId, {
      status: 'failed',
      endedAt: ended(),
      error: { code: 'MODEL_FAILED', message: 'It gave up.' },
    });
    await card('Too late').getByText('It gave up. (MODEL_FAILED)').waitFor();
    expect(await card('Too late').getByText('The job has ended').count()).toBe(0);
  });

  test('an empty prompt and one that is too long are refused here, in words, at the field', async () => {
    const prompt = page.getByRole('textbox', { name: 'Prompt' });
    await page.getByRole('button', { name: 'Submit job' }).click();
    await page.getByRole('alert').filter({ hasText: 'Write a prompt first.' }).waitFor();
    expect(await prompt.getAttribute('aria-invalid')).toBe('true');
    expect(await page.evaluate('document.activeElement.id')).toBe('job-prompt');
    await prompt.fill('x'.repeat(32_001));
    await page.getByRole('button', { name: 'Submit job' }).click();
    await page.getByRole('alert').filter({ hasText: '32,001 characters' }).waitFor();
    expect(system.submissions).toEqual([]);
  });

  test('what the API refuses is told with its reason, and the prompt stays to be mended', async () => {
    const detail = 'The prompt has to be shorter.';
    system.failures.set('POST /jobs', [{ status: 400, code: 'WAYBILL_PROMPT_TOO_LONG', detail }]);
    await page.getByRole('textbox', { name: 'Prompt' }).fill('Refused');
    await page.getByRole('button', { name: 'Submit job' }).click();
    await page
      .getByRole('alert')
      .filter({ hasText: `The request was refused: ${detail}` })
      .waitFor();
    expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toBe('Refused');
  });

  test('a submission that fails on the way is sent again and is one job', async () => {
    const outage = { status: 503, code: 'WAYBILL_QUEUE_UNAVAILABLE', detail: 'The queue does not answer.' };
    system.failures.set('POST /jobs', [outage]);
    await page.getByRole('textbox', { name: 'Prompt' }).fill('Stubborn');
    await page.getByRole('button', { name: 'Submit job' }).click();
    // The last planned answer stays until it is taken away.
    await page.waitForResponse((response) => response.status() === 503);
    system.failures.delete('POST /jobs');
    await card('Stubborn').waitFor();
    expect(system.submissions).toHaveLength(1);
    expect(system.jobs.size).toBe(1);
  });

  test('a network that goes and comes back: said, gone on by itself, nothing missing', async () => {
    const jobId = await submit('Through the tunnel');
    system.setJob(jobId, { status: 'running', progress: 10, attempt: 1 });
    await card('Through the tunnel').getByText('10 %').waitFor();
    await page.context().setOffline(true);
    await page.getByText('The server can not be reached. Check the connection. Trying again.').waitFor();
    system.setJob(jobId, {
      status: 'succeeded',
      endedAt: ended(),
      result: { text: 'Light.', finishReason: 'stop' },
    });
    await page.context().setOffline(false);
    await card('Through the tunnel').getByText('Light.').waitFor();
    await page.getByText('The server can not be reached').waitFor({ state: 'hidden' });
    expect(page.errors).toEqual([]);
  });

  test('a second tab shows the same jobs, and their results on request', async () => {
    const jobId = await submit('Seen twice');
    const second = await openPage(page.context(), system.pageUrl);
    await second.getByText('Queued').waitFor();
    system.setJob(jobId, {
      status: 'succeeded',
      endedAt: ended(),
      result: { text: 'Twice.', finishReason: 'stop' },
    });
    await second.getByText('Succeeded').waitFor();
    await card('Seen twice').getByText('Twice.').waitFor();
    await second.reload();
    await second.getByRole('button', { name: /^Show result/ }).click();
    await second.getByText('Twice.').waitFor();
    expect(second.errors).toEqual([]);
  });

  test('more than a page: older jobs on request, new ones on top', async () => {
    for (let index = 1; index <= 45; index += 1) {
      const jobId = `0123456789abcdef-job-${String(index).padStart(8, '0')}`;
      system.jobs.set(jobId, { jobId, status: 'cancelled', model: 'echo-small', endedAt: ended() });
    }
    await page.reload();
    const cards = page.getByRole('listitem');
    await page.getByText('job-00000045').first().waitFor();
    expect(await cards.count()).toBe(20);
    const more = page.getByRole('button', { name: 'Show older jobs' });
    await more.click();
    await page.getByText('job-00000006').first().waitFor();
    await more.click();
    await page.getByText('job-00000001').first().waitFor();
    expect(await cards.count()).toBe(45);
    await more.waitFor({ state: 'hidden' });
    await submit('On top');
    expect(await cards.first().textContent()).toContain('On top');
  });

  test('a result of megabytes does not become the page', async () => {
    const jobId = await submit('Long');
    const text = 'word '.repeat(400_000);
    system.setJob(jobId, { status: 'succeeded', endedAt: ended(), result: { text, finishReason: 'length' } });
    await page.getByText('(2,000,000 characters in all)').waitFor();
    expect((await card('Long').textContent())!.length).toBeLessThan(3000);
  });
});
