/**
 * What keeps state stays where it is: same stack, same logical id, same name. CloudFormation knows a resource by
 * these; with another it makes a new, empty one and drops, or orphans, the old one with what is in it.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ENVIRONMENT_NAMES } from '../../../lib/config/index.ts';
import type { EnvironmentName } from '../../../lib/config/index.ts';
import { statefulResourcesOf } from './stateful-resources.ts';
import type { LogicalIds } from './stateful-resources.ts';
import type { SynthesizedTemplate } from './synthesize.ts';

type Templates = Readonly<Record<string, SynthesizedTemplate>>;

export interface LogicalIdsUnderTest {
  templates(environment: EnvironmentName): Templates;
  /** The stacks whose pinned resources must all be there; in the others a new one must be pinned, no more. */
  isOwn(stack: string): boolean;
  /** Paths of stacks and constructs that the other environments have not. @default - none */
  readonly onlyInProd?: readonly string[];
}

/** By stack and logical id. `npm run logical-ids` adds what is new. */
export const pinned = JSON.parse(readFileSync('test/lib/stacks/logical-ids.json', 'utf8')) as LogicalIds;

export function testLogicalIds({ templates, isOwn, onlyInProd = [] }: LogicalIdsUnderTest): void {
  const own = Object.fromEntries(Object.entries(pinned).filter(([stack]) => isOwn(stack)));
  const isOfProd = (stack: string, id: string): boolean =>
    onlyInProd.some((path) => path.startsWith(`${stack}/`) && id.startsWith(path.slice(stack.length + 1)));
  const present = (environment: EnvironmentName): LogicalIds => statefulResourcesOf(templates(environment));

  test('nothing that keeps state was renamed, moved to another stack or removed', () => {
    const gone = missing(own, present('prod'));
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

  test('what keeps state and is new is pinned too', () => {
    const added = missing(present('prod'), pinned).filter((line) => {
      const [stack = '', id = ''] = line.split(' ');
      return pinned[stack]?.[id] === undefined;
    });
    if (added.length === 0) return;
    throw new Error(
      ['Not pinned yet. Run: npm run logical-ids', ...added.map((line) => `  ${line}`)].join('\n'),
    );
  });

  test.each(ENVIRONMENT_NAMES.filter((name) => name !== 'prod'))(
    '%s has every resource that keeps state under the stack and logical id of prod',
    (environment) => {
      const ids = (resources: LogicalIds) =>
        Object.entries(resources)
          .filter(([stack]) => isOwn(stack) && !onlyInProd.includes(stack))
          .map(([stack, ofStack]) => [stack, Object.keys(ofStack).filter((id) => !isOfProd(stack, id))]);

      expect(ids(present(environment))).toEqual(ids(present('prod')));
    },
  );
}

/** `STACK LOGICAL_ID TYPE NAME` of all that is in the first and not, or not so, in the second. */
export function missing(from: LogicalIds, other: LogicalIds): string[] {
  return Object.entries(from).flatMap(([stack, resources]) =>
    Object.entries(resources)
      .filter(([id, resource]) => other[stack]?.[id] !== resource)
      .map(([id, resource]) => `${stack} ${id} ${resource}`),
  );
}
