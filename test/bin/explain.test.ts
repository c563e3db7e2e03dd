import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { explain } from '../../bin/commands/explain.ts';
import { AREAS, EXPLANATIONS } from '../../bin/explanations/index.ts';
import { guardsWithoutRemedy } from '../../bin/explanations/guards.ts';
import { codeOf, GUARDS } from '../../lib/guards/index.ts';

let output = '';
let errors = '';

beforeEach(() => {
  output = '';
  errors = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((output += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
});
afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
});

/** Texts that begin like a code and are none: variables, and parts of names. */
const NOT_CODES: ReadonlySet<string> = new Set([
  'WAYBILL_AGENTS',
  'WAYBILL_BROKER_DELIVERY_LIMIT',
  'WAYBILL_BROKER_ENDPOINT',
  'WAYBILL_BROKER_SECRET_ARN',
  'WAYBILL_CLAIM_CHECK_BUCKET',
  'WAYBILL_CLAIM_FETCHES',
  'WAYBILL_CLAIM_STORES',
  'WAYBILL_CONFIGURED_TRANSPORTS',
  'WAYBILL_CONSUMER',
  'WAYBILL_CONTROLS_TABLE',
  'WAYBILL_DATABASE_HOST',
  'WAYBILL_DATABASE_PORT',
  'WAYBILL_DATABASE_SCHEMA',
  'WAYBILL_DATABASE_SECRET_ARN',
  'WAYBILL_DEAD_LETTER_QUEUE_URL',
  'WAYBILL_DEPENDENCIES',
  'WAYBILL_DRAIN_SECONDS',
  'WAYBILL_ENVIRONMENT',
  'WAYBILL_EVENT_RETENTION_DAYS',
  'WAYBILL_HEALTH_FILE',
  'WAYBILL_HEARTBEAT_SECONDS',
  'WAYBILL_KAFKA_DEAD_LETTER_TOPIC',
  'WAYBILL_KAFKA_RETRY_TOPICS',
  'WAYBILL_LOG_LEVEL',
  'WAYBILL_MAX_FAILURES',
  'WAYBILL_MAX_RECEIVE_COUNT',
  'WAYBILL_MIRROR_TO',
  'WAYBILL_OPENS',
  'WAYBILL_OUTBOX_NUDGE_QUEUE_URL',
  'WAYBILL_PARKING_QUEUE_URL',
  'WAYBILL_PUBLISH_ROUTES',
  'WAYBILL_QUEUE_URL',
  'WAYBILL_REDIS_',
  'WAYBILL_REDIS_IAM',
  'WAYBILL_REDIS_SECRET_ARN',
  'WAYBILL_REDIS_URL',
  'WAYBILL_SEALING_KEY_ARN',
  'WAYBILL_SEALS',
  'WAYBILL_SERVICE',
  'WAYBILL_SHADOW_AGENTS',
  'WAYBILL_STATE_MACHINE_ARN',
  'WAYBILL_TOKEN',
  'WAYBILL_TRANSPORT',
  'WAYBILL_VISIBILITY_TIMEOUT_SECONDS',
]);

/** Every text in the sources that looks like a code. */
function codesInSources(): readonly string[] {
  const files = ['bin', 'lambda', 'lib', 'local'].flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('explanations'))
      .map((file) => `${directory}/${file}`),
  );
  const texts = files.flatMap((file) => readFileSync(file, 'utf8').match(/'WAYBILL_[A-Z\d_]+'/g) ?? []);
  return [...new Set(texts.map((text) => text.slice(1, -1)))].filter((text) => !NOT_CODES.has(text));
}

describe('every stable code has an explanation', () => {
  test('each code that stands in the sources', () => {
    const codes = codesInSources();

    expect(codes.length).toBeGreaterThan(120);
    expect(codes.filter((code) => !Object.hasOwn(EXPLANATIONS, code))).toEqual([]);
  });

  test('each with which a job may end', () => {
    const files = readdirSync('lambda/jobs', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const codes = files.flatMap((file) =>
      [
        ...readFileSync(`lambda/jobs/${file}`, 'utf8').matchAll(
          /(?:code: |ModelError\()'((?!WAYBILL_)[A-Z][A-Z_]+)'/g,
        ),
      ].map(([, code = '']) => code),
    );

    expect([...new Set(codes)].toSorted()).toEqual([
      'CANCELLED',
      'DAILY_QUOTA_USED_UP',
      'DEADLINE_OVER',
      'MODEL_ANSWER_INVALID',
      'MODEL_FAILED',
      'MODEL_TOO_SLOW',
      'RESULT_LOST',
      'WORKER_LOST',
    ]);
    expect(codes.filter((code) => !Object.hasOwn(EXPLANATIONS, code))).toEqual([]);
    explain('worker_lost', {});
    expect(output).toContain('WORKER_LOST\n\nThe workers of the job died');
  });

  test('each guard, with what to do and an example', () => {
    expect(GUARDS.map(codeOf).filter((code) => !Object.hasOwn(EXPLANATIONS, code))).toEqual([]);
    expect(guardsWithoutRemedy()).toEqual([]);
  });

  test('each says all of it, and no code is in two areas', () => {
    const empty = Object.entries(EXPLANATIONS).filter(([, { what, why, fix, example, source }]) =>
      [what, why, fix, example, source].some((text) => text === ''),
    );
    const codes = AREAS.flatMap(({ explanations }) => Object.keys(explanations));

    expect(empty).toEqual([]);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('a source in this repository is a file that is there', () => {
    const sources = new Set(Object.values(EXPLANATIONS).map(({ source }) => source));
    const ours = [...sources].filter((source) => source.startsWith('docs/'));

    expect(ours.filter((source) => !readdirSync('docs').includes(source.slice(5)))).toEqual([]);
  });
});

describe('waybill explain', () => {
  test('says what, why, what to do, an example and the source', () => {
    explain('WAYBILL_W10', {});

    expect(output).toBe(`WAYBILL_W10

A dead-letter queue keeps messages no longer than its source does.

  Why it matters  ${EXPLANATIONS['WAYBILL_W10']!.why}
  What to do      Keep messages in the dead-letter queue for 14 days.
  Example         retentionPeriod: Duration.days(14)
  Source          https://docs.aws.amazon.com/${EXPLANATIONS['WAYBILL_W10']!.source}
`);
    expect(process.exitCode).toBeUndefined();
  });

  test.each([
    ['W10', 'WAYBILL_W10'],
    ['w10', 'WAYBILL_W10'],
    ['Waybill-W10', 'WAYBILL_W10'],
    ['Waybill::Waybill-W10', 'WAYBILL_W10'],
    ['WaybillCapacity::WAYBILL_CAPACITY_FIFO_GROUP', 'WAYBILL_CAPACITY_FIFO_GROUP'],
    ['FIFO_GROUP', 'WAYBILL_CAPACITY_FIFO_GROUP'],
    ['ALERT_TOPIC_MISSING', 'WAYBILL_ALERT_TOPIC_MISSING'],
  ])('%s is %s', (given, code) => {
    explain(given, { json: true });

    expect(JSON.parse(output)).toEqual({ code, ...EXPLANATIONS[code] });
  });

  test('without a code: all of them by area; as JSON, all of them by code', () => {
    explain(undefined, {});
    const codes = Object.keys(EXPLANATIONS);
    expect(codes.filter((code) => !output.includes(`  ${code} `))).toEqual([]);

    output = '';
    explain(undefined, { json: true });
    expect(JSON.parse(output)).toEqual(EXPLANATIONS);
  });

  test('a code that is none: the nearest, and exit code 2', () => {
    explain('WAYBILL_ALERT_TOPIK_MISING', {});

    expect(output).toBe('');
    expect(errors).toContain('did you mean WAYBILL_ALERT_TOPIC_MISSING?');
    expect(errors).toContain('Code: WAYBILL_CODE_UNKNOWN');
    expect(process.exitCode).toBe(2);
  });

  test("somebody else's code has no nearest", () => {
    explain('CloudFormation-Validate::E3505', {});

    expect(errors).not.toContain('did you mean');
    expect(errors).toContain('`waybill explain` lists all of them');
  });
});

test.each(['W1', 'W10', 'W9'])('the source of %s is an address', (code) => {
  explain(code, {});

  expect(output).toMatch(
    /Source {10}https:\/\/docs\.aws\.amazon\.com\/AWSSimpleQueueService\/latest\/SQSDeveloperGuide\/\S+\.html/,
  );
});
