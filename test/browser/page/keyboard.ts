/** The keyboard of a page under test: where the focus is, and the way to a control by the Tab key. */
import type { Page } from 'playwright-core';

/** More presses than a page has stops. */
const MOST_PRESSES = 60;

/** The name of what has the focus: its `aria-label`, its label, or its text. */
export async function focused(page: Page): Promise<string> {
  return page.evaluate(
    `(() => { const e = document.activeElement; return e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent; })()`,
  );
}

/** @throws Error when the Tab key does not come to it */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < MOST_PRESSES; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await focused(page)).trim() === name) return;
  }
  throw new Error(`${name} is not reached by the Tab key`);
}
