/** docs/transports.md is what the suite saw. */
import { expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { TRANSPORTS, TRANSPORTS_DOCUMENT, transportsDocument } from './document.ts';
import { ANCHORS_ELSEWHERE } from './anchors.ts';
import { CASE_GROUPS } from './groups.ts';
import { allPublishedResults, PUBLISH_VARIABLE } from './results.ts';

const cases = CASE_GROUPS.flatMap((group) => group.cases);

/** Without what the formatter adds: the width of columns, and what it escapes. */
const plain = (markdown: string) => markdown.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---');

test('the document is the current one: npm run conformance:transports', () => {
  if (process.env[PUBLISH_VARIABLE] !== undefined) writeFileSync(TRANSPORTS_DOCUMENT, transportsDocument());
  expect(plain(readFileSync(TRANSPORTS_DOCUMENT, 'utf8'))).toBe(plain(transportsDocument()));
});

test('every transport has a result for every case', () => {
  const ids = cases.map(({ id }) => id).toSorted();
  expect(new Set(ids).size).toBe(ids.length);
  const results = allPublishedResults();
  expect(results.map(({ transport }) => transport).toSorted()).toEqual([...TRANSPORTS].toSorted());
  for (const { cases: seen } of results) expect(Object.keys(seen).toSorted()).toEqual(ids);
});

test('each of the 60 cases is tested here or elsewhere, or says why not; what is named exists', () => {
  const here = new Set(cases.flatMap(({ anchors }) => anchors));
  for (let number = 1; number <= 60; number += 1) {
    expect([number, here.has(number) || ANCHORS_ELSEWHERE[number] !== undefined]).toEqual([number, true]);
  }
  for (const text of Object.values(ANCHORS_ELSEWHERE)) {
    for (const [, path = ''] of text.matchAll(/`(test\/[^`]+)`/g))
      expect([path, existsSync(path)]).toEqual([path, true]);
  }
});
