/** The images of the example page in a real browser: live, after an absence, in two tabs, and when a session ends. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { startFakeSystem } from './fake-system.ts';
import type { FakeSystem } from './fake-system.ts';
import { describeInBrowser, openPage, useBrowser } from './real-browser.ts';

const browser = useBrowser();
let system: FakeSystem;
let context: BrowserContext;
let page: Page & { errors: string[] };

const card = (prompt: string, within: Page = page) =>
  within.getByRole('listitem').filter({ hasText: prompt });
const image = (prompt: string, within: Page = page) => within.getByRole('img', { name: prompt });
const live = (within: Page = page) => within.getByText('Live', { exact: true }).waitFor();
/** Whether the browser could read it, which an element that is merely there does not say. */
const isDrawn = (found: Locator): Promise<boolean> =>
  found.evaluate(async (element) => {
    const drawn = element as unknown as { decode(): Promise<void>; readonly naturalWidth: number };
    await drawn.decode();
    return drawn.naturalWidth > 0;
  });
const MISSED = 'Arrived while you were away';

describeInBrowser('images', () => {
  beforeEach(async () => {
    system = await startFakeSystem({ jobs: false });
    context = await browser.open();
    page = await openPage(context, system.pageUrl);
    await live();
  });
  afterEach(async () => {
    await context.close();
    await system.stop();
  });

  const order = async (prompt: string): Promise<string> => {
    await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
    await page.getByRole('button', { name: 'Generate image' }).click();
    await card(prompt).getByText('Pending').waitFor();
    return system.lastGeneration().generationId;
  };

  test('an image is ordered, waited for, and there; a screen reader hears of it', async () => {
    await page.getByText('No images yet').waitFor();
    const id = await order('A red boat');
    await card('A red boat').getByText('Waiting for the image').waitFor();
    system.finish(id, 'COMPLETE');
    await image('A red boat').waitFor();
    expect(await isDrawn(image('A red boat'))).toBe(true);
    await page
      .getByRole('status')
      .filter({ hasText: 'Image ready: A red boat.' })
      .waitFor({ state: 'attached' });
    expect(await page.getByText(MISSED).isVisible()).toBe(false);
    expect(page.errors).toEqual([]);
  });

  test('one that fails says so', async () => {
    system.finish(await order('A hopeless case'), 'ERROR');
    await card('A hopeless case').getByText('The image could not be generated.').waitFor();
    expect(await image('A hopeless case').count()).toBe(0);
  });

  test('connections are cut and refused for a while: what came meanwhile is there, marked, once, in order', async () => {
    const prompts = Array.from({ length: 8 }, (_, index) => `Picture number ${index + 1}.`);
    const ids = prompts.map((prompt) => system.order(prompt).generationId);
    system.refusing = true;
    system.cut();
    await page.getByText('Offline, trying again').waitFor();
    for (const id of ids) system.finish(id, 'COMPLETE');
    system.refusing = false;
    await live();
    await page.getByText(MISSED).nth(7).waitFor();
    expect(await page.getByText(MISSED).count()).toBe(8);
    const titles = await page.getByRole('listitem').getByRole('heading').allTextContents();
    expect(titles).toEqual(prompts.toReversed());
    system.finish(await order('Live again'), 'COMPLETE');
    await image('Live again').waitFor();
    expect(await card('Live again').getByText(MISSED).isVisible()).toBe(false);
    expect(page.errors).toEqual([]);
  });

  test('the network of the browser goes and comes back: nothing is missing', async () => {
    const id = await order('Sent before the tunnel');
    await context.setOffline(true);
    // Whether an open socket feels it, is the browser's; a new one can not be opened.
    system.refusing = true;
    system.cut();
    await page.getByText('Offline, trying again').waitFor();
    system.finish(id, 'COMPLETE');
    system.finish(system.order('Ordered by the phone').generationId, 'COMPLETE');
    system.refusing = false;
    await context.setOffline(false);
    await live();
    await image('Sent before the tunnel').waitFor();
    await image('Ordered by the phone').waitFor();
    expect(await page.getByRole('listitem').count()).toBe(2);
  });

  test('closed and opened again: it begins where it was', async () => {
    system.finish(await order('Seen'), 'COMPLETE');
    await image('Seen').waitFor();
    await page.close();
    system.finish(system.order('Unseen').generationId, 'COMPLETE');
    page = await openPage(context, system.pageUrl);
    await live();
    await card('Unseen').getByText(MISSED).waitFor();
    expect(await card('Seen').filter({ hasNotText: 'Unseen' }).getByText(MISSED).isVisible()).toBe(false);
  });

  test('two tabs: both show everything, each once', async () => {
    const second = await openPage(context, system.pageUrl);
    await live(second);
    const id = await order('For both');
    system.finish(id, 'COMPLETE');
    for (const tab of [page, second]) {
      await image('For both', tab).waitFor();
      expect(await card('For both', tab).count()).toBe(1);
    }
    // One of them sleeps, the other one keeps the cursor: the sleeper must still get its own.
    await second.evaluate('window.dispatchEvent(new Event("pagehide"))');
    system.finish(await order('While one slept'), 'COMPLETE');
    await image('While one slept').waitFor();
    await second.evaluate('window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))');
    await image('While one slept', second).waitFor();
    expect(second.errors).toEqual([]);
  });

  test('the session ends: it is renewed and the connection is made anew, without anybody doing anything', async () => {
    const first = system.token;
    system.expire();
    await live();
    system.finish(await order('After the renewal'), 'COMPLETE');
    await image('After the renewal').waitFor();
    expect(system.token).not.toBe(first);
  });

  test('the session ends and there is no new one: said, and not tried for ever', async () => {
    const { token } = system;
    system.expire();
    system.ended.add(system.token);
    system.token = token;
    system.cut();
    await page.getByText('The session has ended').first().waitFor();
    expect(system.sockets()).toBe(0);
  });

  test('a server that began anew, as the local run does at each start: its first notifications are seen', async () => {
    for (const prompt of ['One', 'Two', 'Three']) system.finish(await order(prompt), 'COMPLETE');
    await image('Three').waitFor();
    await page.evaluate('localStorage.setItem("waybill.cursor.acme / ada", "700")');
    await page.reload();
    await live();
    system.finish(await order('Four'), 'COMPLETE');
    await image('Four').waitFor();
  });
});
