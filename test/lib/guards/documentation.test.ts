import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { GUARDS } from '../../../lib/guards/index.ts';
import { GUARDS_DOCUMENT, guardsDocument } from '../../../scripts/guards-document.ts';

/** Without what the formatter adds: the width of columns. */
const plain = (markdown: string) => markdown.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---');

test('docs/guards.md says what the guards say; else run: node scripts/guards-document.ts && npx oxfmt docs/guards.md', () => {
  expect(plain(readFileSync(GUARDS_DOCUMENT, 'utf8'))).toBe(plain(guardsDocument()));
});

test('every guard has an id, a title, a reason and a source of its own', () => {
  const ids = GUARDS.map(({ id }) => id);

  expect(new Set(ids).size).toBe(ids.length);
  expect(
    GUARDS.filter(({ title, explanation, source }) => [title, explanation, source].includes('')),
  ).toEqual([]);
  expect(ids.filter((id) => !guardsDocument().includes(`\n### ${id}\n`))).toEqual([]);
});
