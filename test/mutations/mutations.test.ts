import { expect, test } from '@jest/globals';
import { onlySystems, SYSTEM_NAMES } from '../../lib/config/index.ts';
import { synthesize } from '../lib/stacks/synthesize.ts';
import { mutationRun } from './mutation-run.ts';
import { mutationsOf } from './mutations.ts';

/** Of each system. `npm run mutations` takes as many as it is told. */
const SAMPLE = 20;
const SEED = 20_261_121;

test('19 of 20 mistakes in our templates that can lose, delay or leak a message are found', () => {
  const results = SYSTEM_NAMES.map((system) =>
    mutationRun(synthesize('prod', { systems: onlySystems([system]) }).directory, SAMPLE, SEED),
  );

  const all = results.reduce((sum, result) => sum + result.all, 0);
  const caught = results.flatMap((result) => result.caught);
  const escaped = results.flatMap((result) => result.escaped);
  expect(all).toBeGreaterThan(5000);
  expect(caught.length + escaped.length).toBeGreaterThan((SYSTEM_NAMES.length * SAMPLE) / 3);
  const names = escaped.map(({ logicalId, path, change }) => `${logicalId} ${path}: ${change}`);
  expect({ share: escaped.length / (caught.length + escaped.length) <= 0.05, names }).toEqual({
    share: true,
    names: expect.anything(),
  });
});

test('a mutation is one mistake: a property or a statement removed or altered, or a resource removed', () => {
  const template = {
    Resources: {
      Queue: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          VisibilityTimeout: 180,
          FifoQueue: true,
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] } },
        },
      },
      Dead: { Type: 'AWS::SQS::Queue' },
      Bucket: { Type: 'AWS::S3::Bucket' },
    },
  };

  const mutations = mutationsOf('Shop', template);

  expect(mutations.map(({ logicalId, path, change }) => `${logicalId} ${path}: ${change}`)).toEqual([
    'Queue : removed',
    'Queue VisibilityTimeout: removed',
    'Queue VisibilityTimeout: is 18',
    'Queue VisibilityTimeout: is 1800',
    'Queue FifoQueue: removed',
    'Queue FifoQueue: is false',
    'Queue RedrivePolicy: removed',
    'Queue RedrivePolicy.deadLetterTargetArn: removed',
    'Queue RedrivePolicy.deadLetterTargetArn: refers to Queue',
    'Dead : removed',
  ]);
  expect(mutations[2]?.apply(template).Resources?.['Queue']?.Properties?.['VisibilityTimeout']).toBe(18);
  expect(mutations[0]?.apply(template).Resources).not.toHaveProperty('Queue');
});
