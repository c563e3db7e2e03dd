/**
 * What keeps state stays where it is: same stack, same logical id, same name. CloudFormation knows a resource by
 * these; with another it makes a new, empty one and drops, or orphans, the old one with what is in it.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ENVIRONMENT_NAMES } from '../../../lib/config/index.ts';
import { statefulResourcesOf } from './stateful-resources.ts';
import type { LogicalIds } from './stateful-resources.ts';
import { synthesize } from './synthesize.ts';

const pinned = JSON.parse(readFileSync('test/lib/stacks/logical-ids.json', 'utf8')) as LogicalIds;
let prod: LogicalIds;
beforeAll(() => {
  prod = statefulResourcesOf(synthesize('prod').templates);
});

/** `STACK LOGICAL_ID TYPE NAME` of all that is in the first and not, or not so, in the second. */
function missing(from: LogicalIds, other: LogicalIds): string[] {
  return Object.entries(from).flatMap(([stack, resources]) =>
    Object.entries(resources)
      .filter(([id, resource]) => other[stack]?.[id] !== resource)
      .map(([id, resource]) => `${stack} ${id} ${resource}`),
  );
}

test('nothing that keeps state was renamed, moved to another stack or removed', () => {
  const gone = missing(pinned, prod);
  if (gone.length === 0) return;
  throw new Error(
    [
      'These resources keep state, and the templates no longer have them under this stack, logical id and name:',
      ...gone.map((line) => `  ${line}`),
      '',
      'CloudFormation would make new, empty ones, and delete the deployed ones or leave them behind with what is in them.',
      'Give the construct back its id, path and stack. A consumer keeps `consumerName` when its construct is renamed,',
      'and the number of partitions of ConsumerStacks never changes.',
      'Where it is meant, for a resource that is nowhere deployed or was drained: take its line out of',
      'test/lib/stacks/logical-ids.json by hand, and say in CHANGELOG.md what operators have to do.',
    ].join('\n'),
  );
});

test('what is new is pinned too', () => {
  const added = missing(prod, pinned).filter(
    (line) => !missing(pinned, prod).some((gone) => sameId(gone, line)),
  );
  if (added.length === 0) return;
  throw new Error(
    ['Not pinned yet. Run: npm run logical-ids', ...added.map((line) => `  ${line}`)].join('\n'),
  );
});

function sameId(a: string, b: string): boolean {
  return a.split(' ').slice(0, 2).join(' ') === b.split(' ').slice(0, 2).join(' ');
}

describe.each(ENVIRONMENT_NAMES.filter((name) => name !== 'prod'))('%s', (environment) => {
  test('has every resource that keeps state under the stack and logical id of prod', () => {
    const ids = (resources: LogicalIds) =>
      Object.entries(resources).map(([stack, ofStack]) => [stack, Object.keys(ofStack)]);

    expect(ids(statefulResourcesOf(synthesize(environment).templates))).toEqual(ids(prod));
  });
});

test('the pin tells a rename and a move: it would have caught each', () => {
  const queue = { Queue1: 'AWS::SQS::Queue orders' };
  expect(missing({ Core: queue }, { Core: { Queue2: 'AWS::SQS::Queue orders' } })).toEqual([
    'Core Queue1 AWS::SQS::Queue orders',
  ]);
  expect(missing({ Core: queue }, { Other: queue })).toEqual(['Core Queue1 AWS::SQS::Queue orders']);
  expect(missing({ Core: queue }, { Core: { Queue1: 'AWS::SQS::Queue renamed' } })).toEqual([
    'Core Queue1 AWS::SQS::Queue orders',
  ]);
  expect(missing({ Core: queue }, { Core: { ...queue, Queue2: 'AWS::SQS::Queue' } })).toEqual([]);
});
