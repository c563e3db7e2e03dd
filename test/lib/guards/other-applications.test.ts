/** docs/other-applications.md and its data say the same, and the precision that it states is that of the data. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { GUARDS } from '../../../lib/guards/index.ts';

type Verdict = 'true' | 'taste' | 'false';

interface Findings {
  readonly rule: string;
  readonly level: 'error' | 'warning';
  readonly verdict: Verdict;
  /** One for each finding; two stacks of a source may have the same. */
  readonly logicalIds: readonly string[];
}

interface Corpus {
  /** What a reader had written down before there were guards. */
  readonly expected: { readonly certain: number; readonly likely: number };
  readonly notFound: readonly {
    readonly slug: string;
    readonly rule: string;
    readonly confidence: 'certain' | 'likely';
    readonly found: 'no' | 'sameBreak' | 'behindCondition';
  }[];
  /** What nobody had read before; only the errors were judged. */
  readonly unseen: readonly {
    readonly what: string;
    readonly repository: string;
    readonly sources: number;
    readonly resources: number;
    readonly errors: Readonly<Record<Verdict, number>>;
  }[];
  readonly sources: readonly {
    readonly slug: string;
    readonly repository: string;
    readonly commit: string;
    readonly licence: string;
    readonly resources: number;
    readonly findings: readonly Findings[];
  }[];
}

const corpus = JSON.parse(readFileSync('test/lib/guards/other-applications.json', 'utf8')) as Corpus;
const rows = readFileSync('docs/other-applications.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const all = corpus.sources.flatMap(({ findings }) => findings);

function count(findings: readonly Findings[], verdict?: Verdict): number {
  return findings
    .filter((one) => verdict === undefined || one.verdict === verdict)
    .reduce((sum, { logicalIds }) => sum + logicalIds.length, 0);
}

const verdicts = (findings: readonly Findings[]) =>
  (['true', 'taste', 'false'] as const).map((verdict) => String(count(findings, verdict)));
const row = (first: string, ...more: readonly string[]) =>
  rows.find(([name, ...cells]) => name === first && more.every((cell, index) => cells[index] === cell));
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

test.each(corpus.sources)('$slug: its row says what its findings are', ({ slug, resources, findings }) => {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const byRule = rules.map((rule) => `${rule} ${count(findings.filter((one) => one.rule === rule))}`);

  expect(row(slug)?.slice(2, 7)).toEqual([
    String(resources),
    byRule.join(', ') || 'none',
    ...verdicts(findings),
  ]);
});

test.each([...new Set(all.map(({ rule }) => rule))])('%s: the table of rules', (rule) => {
  const findings = all.filter((one) => one.rule === rule);
  const guard = GUARDS.find(({ id }) => id === rule);

  expect(row(rule)?.slice(1)).toEqual([guard?.level, String(count(findings)), ...verdicts(findings)]);
});

describe.each(['error', 'warning'] as const)('all of level %s', (level) => {
  const findings = all.filter((one) => one.level === level);

  test('the totals, and the precision that is stated', () => {
    expect(row('all', level)?.slice(2)).toEqual([String(count(findings)), ...verdicts(findings)]);
    const found = count(findings, 'true');
    const meant = count(findings, 'taste');
    expect(row(`Precision of ${level}s`)?.[1]).toBe(
      `${percent(found, count(findings))} true; ${percent(found + meant, count(findings))} true or taste`,
    );
  });
});

test('the recall that is stated', () => {
  const { certain } = corpus.expected;
  const missed = corpus.notFound.filter(({ confidence }) => confidence === 'certain').length;

  expect(row('Recall')?.[1]).toBe(
    `${certain - missed} of ${certain} that were certain by reading: ${percent(certain - missed, certain)}`,
  );
});

test.each(corpus.unseen)('unseen $what', ({ what, repository, sources, resources, errors }) => {
  const sum = errors.true + errors.taste + errors.false;
  const cells = [repository, sources, resources, sum, errors.true, errors.taste, errors.false];

  expect(row(what)?.slice(1)).toEqual(cells.map(String));
});

test('at least ten applications, each with where it comes from', () => {
  expect(corpus.sources.length).toBeGreaterThanOrEqual(10);
  for (const { repository, commit, licence } of corpus.sources) {
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(
      rows.some(([name = '', short]) => name.includes(repository) && short === `\`${commit.slice(0, 12)}\``),
    ).toBe(true);
    expect(licence).not.toBe('');
  }
});
