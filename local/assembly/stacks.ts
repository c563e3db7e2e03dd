/** The stacks of one embedded AWS, however they came to be: by `waybill start`, or over the wire. */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../aws/context.ts';
import { AwsError } from '../aws/errors.ts';
import { atThisEndpoint } from '../aws/former-endpoints.ts';
import { emptyRecords } from './providers/provider.ts';
import type { Records, StartDatabase } from './providers/provider.ts';
import type { Stack, StackResource } from './stack.ts';
import type { Json } from '../../lib/assembly/template.ts';

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
  /** Call when a stack begins to change, and when it rests again. */
  save(stack: Stack): void;
  /** Call for each resource that was made or changed, so that a stack that dies half-way knows what it has. */
  saveResource(stack: Stack, resource: StackResource): void;
  /** Every export with the stack it comes from. */
  exports(): ReadonlyMap<string, { readonly value: Json; readonly stack: Stack }>;
  /** The stacks that use an export. */
  importers(exportName: string): readonly Stack[];
}

type KeptStack = Omit<Stack, 'resources' | 'restored'>;

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
  const keptResources = aws.state.collection<StackResource>('cloudformation.resources');
  const keptRecords = aws.state.collection<Records>('cloudformation.records');
  const byName = new Map<string, Stack>();
  const deleted: Stack[] = [];
  const records: Records = emptyRecords();
  for (const [, former] of keptRecords.entries()) Object.assign(records, atThisEndpoint(aws, former));
  for (const [name, stack] of kept.entries()) {
    const outputs = atThisEndpoint(aws, stack.outputs);
    byName.set(name, { ...stack, ...atRest(stack), outputs, resources: new Map(), restored: true });
  }
  /** What of each stack is in the state directory. */
  const saved = new WeakMap<Stack, Map<string, StackResource>>();
  const savedOf = (stack: Stack): Map<string, StackResource> => {
    const known = saved.get(stack) ?? new Map<string, StackResource>();
    saved.set(stack, known);
    return known;
  };
  for (const [key, resource] of atThisEndpoint(aws, keptResources.entries())) {
    const stack = byName.get(key.slice(0, key.lastIndexOf('/')));
    if (stack === undefined) continue;
    stack.resources.set(resource.logicalId, resource);
    savedOf(stack).set(resource.logicalId, resource);
  }
  const saveResource = (stack: Stack, resource: StackResource): void => {
    if (!aws.state.persistent || savedOf(stack).get(resource.logicalId) === resource) return;
    savedOf(stack).set(resource.logicalId, resource);
    keptResources.put(`${stack.name}/${resource.logicalId}`, resource);
  };
  const forgetResources = (stack: Stack, among: (logicalId: string) => boolean): void => {
    for (const logicalId of [...savedOf(stack).keys()].filter(among)) {
      savedOf(stack).delete(logicalId);
      keptResources.delete(`${stack.name}/${logicalId}`);
    }
  };

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
      forgetResources(stack, () => true);
    },
    save(stack) {
      if (!aws.state.persistent) return;
      const { resources, restored: _restored, ...rest } = stack;
      if (byName.get(stack.name) === stack) {
        kept.put(stack.name, rest);
        for (const resource of resources.values()) saveResource(stack, resource);
        forgetResources(stack, (logicalId) => !resources.has(logicalId));
      }
      keptRecords.put('records', records);
    },
    saveResource,
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

/** A change that was under way when the process ended is not gone on with: the stack says so, and can be deleted or updated. */
function atRest({ status, statusReason }: KeptStack): Pick<Stack, 'status' | 'statusReason'> {
  if (!status.endsWith('_IN_PROGRESS') || status === 'REVIEW_IN_PROGRESS') return { status, statusReason };
  if (status.endsWith('_COMPLETE_CLEANUP_IN_PROGRESS')) {
    return { status: status.replace('_CLEANUP_IN_PROGRESS', ''), statusReason };
  }
  return {
    status: status.replace('_IN_PROGRESS', '_FAILED'),
    statusReason: 'The embedded AWS ended while the stack changed',
  };
}

/** What CloudFormation answers for a stack that is not there. */
export function stackDoesNotExist(nameOrId: string): AwsError {
  return new AwsError('ValidationError', `Stack with id ${nameOrId} does not exist`);
}
