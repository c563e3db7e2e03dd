/** Failover and failback of the commerce system, in two embedded regions: no order is lost or told twice on either way. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { consumersOfRun } from '../../local/run/consumers.ts';
import { waitForQuiet } from '../../local/run/quiet.ts';
import { rehearsalOf } from '../../local/run/rehearsal.ts';
import { commerceSystem } from '../../local/run/systems/commerce.ts';
import { orderFailures } from '../../local/workload/commerce/ledger.ts';
import {
  COMMERCE_SCHEMA,
  createCommerceWorkload,
  measureCommerce,
} from '../../local/workload/commerce/index.ts';
import type { CommerceMeasure } from '../../local/workload/commerce/measure.ts';

/** Placed in the first region, in the standby, and in the first region again. */
const ORDERS = { before: 6, away: 6, after: 4 } as const;
const TOTAL = ORDERS.before + ORDERS.away + ORDERS.after;
const TIMEOUT_MS = 900_000;

let run: LocalRun;
let measured: CommerceMeasure;
let waitingFor: readonly string[];
const said: string[] = [];
const workingRegions: string[] = [];

beforeAll(async () => {
  run = await startLocalRun({
    directory: process.cwd(),
    environment: 'local',
    systems: ['commerce'],
    standbyRegion: 'us-west-2',
    port: 0,
    seed: 1,
  });
  const rehearsal = rehearsalOf(run, {
    schema: COMMERCE_SCHEMA,
    isOurs: (stackName) => stackName.includes('-commerce'),
    say: (line) => said.push(line),
  })!;
  const workload = await createCommerceWorkload({
    apiUrl: () => run.apiUrl,
    tokenSecret: () => run.secretValue('Token'),
    seed: 1,
    customers: 4,
  });
  const region = (): void => void workingRegions.push(run.aws.context.region);
  region();
  await workload.run({ orders: ORDERS.before });
  await rehearsal.loseRegion();
  region();
  await workload.run({ orders: ORDERS.away });
  await rehearsal.recoverRegion();
  await rehearsal.failBack();
  region();
  await workload.run({ orders: ORDERS.after });
  ({ waitingFor } = await waitForQuiet(run, consumersOfRun(run), {
    timeoutMs: TIMEOUT_MS,
    activity: () => commerceSystem.activity(run),
  }));
  measured = await measureCommerce(run.database, run.topology);
}, TIMEOUT_MS * 2);
afterAll(() => run?.stop(), TIMEOUT_MS);

test('the standby works while the first region is lost, and the first region again when it is back', () => {
  expect(workingRegions).toEqual(['us-east-1', 'us-west-2', 'us-east-1']);
  expect(said.join('\n')).toMatch(
    /us-east-1 is lost[\s\S]*us-east-1 is back[\s\S]*us-west-2: the relay is stopped/,
  );
});

test('every order ends, also one that began before the failure', () => {
  expect(waitingFor).toEqual([]);
  expect(measured.ledger.orders.size).toBe(TOTAL);
  expect([...measured.ledger.orders.values()].flatMap(orderFailures)).toEqual([]);
  expect(measured.bookFailures).toEqual([]);
});

test('no consumer misses an event or handles one twice, but the starter of sagas that began again', () => {
  for (const [name, consumer] of Object.entries(measured.measured.consumers)) {
    expect({ name, missing: consumer.missing }).toEqual({ name, missing: [] });
    if (name !== 'saga-starter')
      expect({ name, duplicates: consumer.duplicates }).toEqual({ name, duplicates: 0 });
  }
});

test('the streams count what was written, over both regions', () => {
  for (const { counted, written } of measured.analytics) expect(counted).toBe(written);
});
