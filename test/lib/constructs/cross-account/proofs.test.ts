import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { App } from 'aws-cdk-lib';
import { readAssembly } from '../../../../lib/assembly/index.ts';
import { checkAssembly, describeFinding } from '../../../../lib/guards/index.ts';
import { describeBreak, proveAssembly } from '../../../../lib/proofs/index.ts';
import {
  busToOtherAccount,
  busWithReplica,
  OPT_IN,
  publisherInOtherAccount,
  publisherInOtherRegion,
  topicToOtherAccount,
  topicToOtherAccountAndRegion,
  topicToOtherRegion,
  WAREHOUSE,
} from './apps.ts';

beforeEach(() => {
  // Synth prints the warnings that some cases are about.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});

test.each<[string, () => App]>([
  ['topic to another account', topicToOtherAccount],
  ['topic to another Region', topicToOtherRegion],
  ['topic to an opt-in Region', () => topicToOtherRegion(OPT_IN)],
  ['topic to another account and Region', topicToOtherAccountAndRegion],
  ['bus to another account', busToOtherAccount],
  ['publisher in another account', publisherInOtherAccount],
  ['publisher in another Region', publisherInOtherRegion],
  ['active replica', () => busWithReplica({ active: true })],
  ['active replica in another account', () => busWithReplica({ active: true, account: WAREHOUSE })],
])('%s: every declared event is delivered, and no guard finds anything', (_, create) => {
  const assembly = readAssembly(create().synth().directory);

  const findings = checkAssembly(assembly).map(({ guard, finding }) => describeFinding(guard, finding));
  const proofs = proveAssembly(assembly).filter(({ kind }) => kind !== 'privilege');

  expect(findings).toEqual([]);
  expect(proofs.filter(({ kind }) => kind === 'delivery').length).toBeGreaterThan(0);
  expect(
    proofs.flatMap(({ claim, breaks }) => breaks.map((each) => `${claim}: ${describeBreak(each)}`)),
  ).toEqual([]);
});
