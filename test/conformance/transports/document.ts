/** docs/transports.md, made of what the suite saw: `npm run conformance:transports` writes it. */
import { ANCHORS_ELSEWHERE } from './anchors.ts';
import { CASE_GROUPS } from './groups.ts';
import type { Case } from './case.ts';
import { allPublishedResults } from './results.ts';
import type { Results } from './results.ts';

export const TRANSPORTS_DOCUMENT = 'docs/transports.md';

/** In the order of the columns. */
export const TRANSPORTS = [
  'memory',
  'PostgreSQL',
  'Redis Streams',
  'Valkey Streams',
  'SNS and SQS, standard',
  'SNS and SQS, FIFO',
  'EventBridge',
  'Kinesis',
  'Kafka',
  'Kafka, retry topics',
  'AMQP',
];

/** The whole document. */
export function transportsDocument(): string {
  const results = allPublishedResults().toSorted(
    (one, other) => TRANSPORTS.indexOf(one.transport) - TRANSPORTS.indexOf(other.transport),
  );
  const reasons: string[] = [];
  const tables = CASE_GROUPS.map(({ title, cases }) =>
    [
      `## ${title}`,
      row(['', ...results.map(({ transport }) => transport)]),
      row(Array.from({ length: results.length + 1 }, () => '---')),
      ...cases.map((one) =>
        row([
          one.title,
          ...results.map(({ cases: seen }) =>
            cell(seen[one.id] ?? 'not applicable: it has not run', reasons),
          ),
        ]),
      ),
    ].join('\n'),
  ).map((table) => table.replace('\n', '\n\n'));
  const notes = reasons.map((reason, index) => `${index + 1}. ${sentence(reason)}`).join('\n');
  return `${[INTRODUCTION, limitsTable(results), ...tables, `## Why not\n\n${notes}`, anchorsSection()].join('\n\n')}\n`;
}

const INTRODUCTION = `# What each transport guarantees

One suite runs against every transport of the runtime: \`test/conformance/transports\`. A consumer is declared once, by
\`consume(contracts, handler)\`, and each transport runs that declaration. A guarantee that a transport has is tested; one that it
has not is shown not to hold, by a test that sees it fail; what does not apply says why. This document is written by
\`npm run conformance:transports\` from what was seen, and tests fail while it says something else.

- **yes**: seen to hold. **no**: seen not to hold. A number: does not apply, see [why not](#why-not).
- SNS, SQS, EventBridge and Kinesis are the embedded AWS: as true as [its own conformance](conformance.md). Redis, Kafka and
  RabbitMQ are real servers.
- All transports deliver at least once. The effect is once by \`processOnce\`, whose case is among those below.
- On Kinesis attempts are those of a batch, as the embedded AWS reads AWS's pages: when they are used up, what is behind the record
  that failed is given up with it, tried or not. Allow many attempts, and throw a PermanentError for what none of them mends.
- "Killed" is \`kill -9\` of a process in the middle of a handler; of a function, the end of its instance.`;

function limitsTable(results: readonly Results[]): string {
  return [
    '## Limits and costs',
    '',
    row(['', 'ran on', 'reader', 'largest event', 'a repeated eventId is dropped', 'a killed process costs']),
    row(Array.from({ length: 6 }, () => '---')),
    ...results.map(({ transport, broker, costs }) =>
      row([
        transport,
        broker,
        costs.reader,
        costs.largestEvent === null
          ? 'no limit of its own; 4 MiB were sent'
          : `${costs.largestEvent.toLocaleString('en')} bytes`,
        windowOf(costs.deduplicationWindow),
        costs.crash,
      ]),
    ),
  ].join('\n');
}

const windowOf = (window: Results['costs']['deduplicationWindow']): string =>
  window === null ? 'never' : window === 'forever' ? 'as long as it is kept' : `within ${window} seconds`;

function cell(verdict: string, reasons: string[]): string {
  if (verdict === 'holds') return 'yes';
  if (verdict === 'does not hold') return '**no**';
  const reason = verdict.replace('not applicable: ', '');
  if (!reasons.includes(reason)) reasons.push(reason);
  return String(reasons.indexOf(reason) + 1);
}

function anchorsSection(): string {
  const inSuite = new Map<number, Case[]>();
  for (const one of CASE_GROUPS.flatMap(({ cases }) => cases)) {
    for (const anchor of one.anchors) inSuite.set(anchor, [...(inSuite.get(anchor) ?? []), one]);
  }
  const rows = Array.from({ length: 60 }, (_, index) => {
    const number = index + 1;
    const here = (inSuite.get(number) ?? []).map(({ id }) => `\`${id}\``);
    return row([String(number), here.join(', '), ANCHORS_ELSEWHERE[number] ?? '']);
  });
  return [
    '## The 60 cases',
    '',
    'What the suites of other messaging libraries test, by the number it has in our list, and where it is tested here: by a case of',
    'this suite, or elsewhere because it is about one part and not about transports.',
    '',
    row(['case', 'in this suite', 'elsewhere, or why not']),
    row(['---', '---', '---']),
    ...rows,
  ].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
