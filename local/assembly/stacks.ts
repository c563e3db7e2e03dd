/** The stacks of one embedded AWS, however they came to be: by `waybill start`, or over the wire. */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../aws/context.ts';
import { AwsError } from '../aws/errors.ts';
import { emptyRecords } from './providers/provider.ts';
import type { Records, StartDatabase } from './providers/provider.ts';
import type { Stack, StackResource } from './stack.ts';
import type { Json } from './template.ts';

export interface Stacks {
  readonly aws: AwsContext;
  /** Those that exist, by name. */
  readonly byName: Map<string, Stack>;
  /** Those that were deleted in this process, oldest first. */
  readonly deleted: Stack[];
  readonly records: Records;
  /** How to start the PostgreSQL behind a database cluster; whoever can sets it. */
  startDatabase: StartDatabase | undefined;
  /** Called with what people should see while a stack changes. */
  log: (line: string) => void;
  /** By name or id; a deleted one only by id. */
  find(nameOrId: string): Stack | undefined;
  add(name: string, parentId?: string): Stack;
  remove(stack: Stack): void;
  /** Call whenever a stack has changed and rests. */
  save(stack: Stack): void;
  /** Every export with the stack it comes from. */
  exports(): ReadonlyMap<string, { readonly value: Json; readonly stack: Stack }>;
  /** The stacks that use an export. */
  importers(exportName: string): readonly Stack[];
}

type KeptStack = Omit<Stack, 'resources' | 'restored'> & { readonly resources: readonly StackResource[] };

const stacksByAws = new WeakMap<AwsContext, Stacks>();

/** The stacks of this embedded AWS, with what an earlier process kept of them. */
export function stacksOf(aws: AwsContext): Stacks {
  const known = stacksByAws.get(aws);
  if (known !== undefined) return known;
  const stacks = createStacks(aws);
  stacksByAws.set(aws, stacks);
  return stacks;
}

function createStacks(aws: AwsContext): Stacks {
  const kept = aws.state.collection<KeptStack>('cloudformation.stacks');
  const keptRecords = aws.state.collection<Records>('cloudformation.records');
  const byName = new Map<string, Stack>();
  const deleted: Stack[] = [];
  const records: Records = emptyRecords();
  for (const [, former] of keptRecords.entries()) Object.assign(records, former);
  for (const [, { resources, ...stack }] of kept.entries()) {
    byName.set(stack.name, {
      ...stack,
      status: stack.status.replace(/_IN_PROGRESS$/, '_FAILED'),
      resources: new Map(resources.map((resource) => [resource.logicalId, resource])),
      restored: true,
    });
  }

  return {
    aws,
    byName,
    deleted,
    records,
    startDatabase: undefined,
    log: () => {},
    find: (nameOrId) =>
      byName.get(nameOrId) ??
      [...byName.values()].find(({ id }) => id === nameOrId) ??
      deleted.findLast(({ id }) => id === nameOrId),
    add(name, parentId) {
      const stack: Stack = {
        id: `arn:aws:cloudformation:${aws.region}:${aws.accountId}:stack/${name}/${randomUUID()}`,
        name,
        displayName: name,
        status: 'REVIEW_IN_PROGRESS',
        statusReason: undefined,
        template: {},
        templateBody: '',
        parameters: {},
        tags: {},
        capabilities: [],
        roleArn: undefined,
        notificationArns: [],
        terminationProtection: false,
        disableRollback: false,
        createdAt: aws.clock.now(),
        updatedAt: undefined,
        deletedAt: undefined,
        parentId,
        resources: new Map(),
        outputs: [],
        imports: [],
        events: [],
        ignoredProperties: [],
        deployments: deleted.findLast((former) => former.name === name)?.deployments ?? 0,
        restored: false,
      };
      byName.set(name, stack);
      return stack;
    },
    remove(stack) {
      byName.delete(stack.name);
      deleted.push(stack);
      kept.delete(stack.name);
    },
    save(stack) {
      if (!aws.state.persistent) return;
      const { resources, restored: _restored, ...rest } = stack;
      if (byName.get(stack.name) === stack)
        kept.put(stack.name, { ...rest, resources: [...resources.values()] });
      keptRecords.put('records', records);
    },
    exports: () =>
      new Map(
        [...byName.values()].flatMap((stack) =>
          stack.outputs.flatMap(({ exportName, value }) =>
            exportName === undefined ? [] : [[exportName, { value, stack }] as const],
          ),
        ),
      ),
    importers: (exportName) => [...byName.values()].filter(({ imports }) => imports.includes(exportName)),
  };
}

/** What CloudFormation answers for a stack that is not there. */
export function stackDoesNotExist(nameOrId: string): AwsError {
  return new AwsError('ValidationError', `Stack with id ${nameOrId} does not exist`);
}
