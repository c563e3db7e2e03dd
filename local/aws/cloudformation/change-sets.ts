/** Change sets: a change of a stack, planned, shown and then executed or thrown away. */
import { randomUUID } from 'node:crypto';
import { reasonOf } from '../../../lib/assembly/errors.ts';
import { planStack } from '../../assembly/plan.ts';
import type { PlannedChange } from '../../assembly/plan.ts';
import type { Stack } from '../../assembly/stack.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { changeShape, parameterShapes, tagShapes, time } from './describe.ts';
import { flag, optionalText, requiredText, tagsIn, validationError } from './input.ts';
import { checkCapabilities, parametersOf, templateOf, type TemplateSource } from './template-source.ts';
import { changeSetNotFound, type ChangeOptions, type Work } from './work.ts';

export type Action = (input: Input) => unknown;

export interface ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly stack: Stack;
  readonly description: string | undefined;
  readonly createdAt: number;
  readonly source: TemplateSource;
  readonly options: ChangeOptions;
  readonly changes: readonly PlannedChange[];
  readonly status: 'CREATE_COMPLETE' | 'FAILED';
  readonly statusReason: string | undefined;
  readonly type: string;
  readonly includeNestedStacks: boolean;
  executionStatus: 'AVAILABLE' | 'UNAVAILABLE' | 'EXECUTE_COMPLETE' | 'OBSOLETE';
}

const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

type KeptChangeSet = Omit<ChangeSet, 'stack'> & { readonly stackName: string };

export interface ChangeSets {
  readonly actions: Readonly<Record<string, Action>>;
  /** @throws AwsError ChangeSetNotFound */
  find(nameOrId: string, stackName: string | undefined): ChangeSet;
}

export function createChangeSets(work: Work): ChangeSets {
  const { context, stacks } = work;
  const changeSets = new Map<string, ChangeSet>();
  const kept = context.state.collection<KeptChangeSet>('cloudformation.change-sets');
  const add = (changeSet: ChangeSet): void => {
    changeSets.set(changeSet.id, changeSet);
    const { stack, ...rest } = changeSet;
    kept.put(changeSet.id, { ...rest, stackName: stack.name });
    // A stack that waits for its first resources is there because of this change set alone.
    stacks.save(stack);
  };
  const remove = (id: string): void => {
    changeSets.delete(id);
    kept.delete(id);
  };
  for (const [id, { stackName, ...rest }] of kept.entries()) {
    const stack = stacks.find(stackName);
    if (stack === undefined) remove(id);
    else changeSets.set(id, { ...rest, stack });
  }

  const find = (nameOrId: string, stackName: string | undefined): ChangeSet => {
    const byId = changeSets.get(nameOrId);
    if (byId !== undefined) return byId;
    if (nameOrId.startsWith('arn:')) throw changeSetNotFound(nameOrId);
    if (stackName === undefined)
      throw validationError('StackName must be specified if ChangeSetName is not an ARN.');
    const stack = work.existing(stackName);
    const found = [...changeSets.values()].find((each) => each.stack === stack && each.name === nameOrId);
    if (found === undefined) throw changeSetNotFound(nameOrId);
    return found;
  };
  const named = (input: Input): ChangeSet =>
    find(requiredText(input, 'ChangeSetName'), optionalText(input, 'StackName'));

  /** The stack of a new change set: for CREATE one that waits for its first resources. */
  const stackFor = (name: string, type: string, changeSetName: string): Stack => {
    const known = stacks.find(name);
    const exists = known !== undefined && known.status !== 'DELETE_COMPLETE';
    if (type === 'IMPORT') throw validationError('The embedded AWS does not import resources into stacks.');
    if (type === 'UPDATE') {
      if (!exists) throw validationError(`Stack [${name}] does not exist`);
      work.checkUpdatable(known);
      return known;
    }
    if (!exists) return stacks.add(name);
    if (known.status === 'REVIEW_IN_PROGRESS') return known;
    throw validationError(
      `Stack [${name}] already exists and cannot be created again with the changeSet [${changeSetName}].`,
    );
  };

  const actions: Record<string, Action> = {
    async CreateChangeSet(input) {
      const name = requiredText(input, 'ChangeSetName');
      const stackName = requiredText(input, 'StackName');
      const type = optionalText(input, 'ChangeSetType') ?? 'UPDATE';
      if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) {
        throw validationError(
          `1 validation error detected: Value '${name}' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
        );
      }
      const known = stacks.find(stackName);
      const source = await templateOf(context, input, known);
      const parameters = parametersOf(input, source.template, known);
      const capabilities = checkCapabilities(input, source.template);
      const stack = stackFor(stackName, type, name);
      if ([...changeSets.values()].some((each) => each.stack === stack && each.name === name)) {
        throw new AwsError('AlreadyExistsException', `ChangeSet ${name} already exists`);
      }
      const tags = tagsIn(input);
      const planned = await plan(stack, source, parameters, tags);
      const onFailure = optionalText(input, 'OnStackFailure');
      const changeSet: ChangeSet = {
        id: `arn:aws:cloudformation:${context.region}:${context.accountId}:changeSet/${name}/${randomUUID()}`,
        name,
        stack,
        description: optionalText(input, 'Description'),
        createdAt: context.clock.now(),
        source,
        options: {
          parameters,
          tags,
          capabilities,
          rollback: onFailure !== 'DO_NOTHING',
          deleteOnFailure: onFailure === 'DELETE' && type === 'CREATE',
          roleArn: optionalText(input, 'RoleARN'),
          token: undefined,
        },
        changes: planned.changes,
        status: planned.failure === undefined ? 'CREATE_COMPLETE' : 'FAILED',
        statusReason: planned.failure,
        type,
        includeNestedStacks: flag(input, 'IncludeNestedStacks'),
        executionStatus: planned.failure === undefined ? 'AVAILABLE' : 'UNAVAILABLE',
      };
      add(changeSet);
      return { Id: changeSet.id, StackId: stack.id };
    },
    DescribeChangeSet: (input) => changeSetShape(named(input), flag(input, 'IncludePropertyValues')),
    ListChangeSets(input) {
      const stack = work.existing(requiredText(input, 'StackName'));
      const Summaries = [...changeSets.values()]
        .filter((each) => each.stack === stack)
        .map((each) => {
          const { StackId, StackName, ChangeSetId, ChangeSetName, Status, StatusReason } = changeSetShape(
            each,
            false,
          );
          const { ExecutionStatus, CreationTime, Description, IncludeNestedStacks } = changeSetShape(
            each,
            false,
          );
          return {
            StackId,
            StackName,
            ChangeSetId,
            ChangeSetName,
            ExecutionStatus,
            Status,
            StatusReason,
            CreationTime,
            Description,
            IncludeNestedStacks,
          };
        });
      return { Summaries };
    },
    ExecuteChangeSet(input) {
      const changeSet = named(input);
      const { stack, source, options, executionStatus } = changeSet;
      if (executionStatus !== 'AVAILABLE') {
        throw new AwsError(
          'InvalidChangeSetStatusException',
          `ChangeSet [${changeSet.id}] cannot be executed in its current status of [${changeSet.status}]`,
          400,
          { queryCode: 'InvalidChangeSetStatus' },
        );
      }
      if (stack.status !== 'REVIEW_IN_PROGRESS') work.checkUpdatable(stack);
      const disabled = input['DisableRollback'] === undefined ? undefined : flag(input, 'DisableRollback');
      const rollback = disabled === undefined ? options.rollback : !disabled;
      const token = optionalText(input, 'ClientRequestToken');
      work.begin(stack, source, { ...options, rollback, token });
      changeSet.executionStatus = 'EXECUTE_COMPLETE';
      // All others were planned against what the stack is no longer.
      for (const [id, other] of changeSets) if (other.stack === stack) remove(id);
      return {};
    },
    DeleteChangeSet(input) {
      try {
        remove(named(input).id);
      } catch (error) {
        // One that is not there is as good as deleted, unless its stack is not there either and was named.
        if (!(error instanceof AwsError) || error.queryCode !== 'ChangeSetNotFound') throw error;
      }
      return {};
    },
  };

  const plan = async (
    stack: Stack,
    { template }: TemplateSource,
    parameters: Readonly<Record<string, string>>,
    tags: Readonly<Record<string, string>>,
  ): Promise<{ readonly changes: readonly PlannedChange[]; readonly failure: string | undefined }> => {
    try {
      const target = { stackName: stack.name, stackId: stack.id, template, parameters };
      const { changes, hasChanges } = await planStack(stacks, stack, target);
      const changed = hasChanges || JSON.stringify(tags) !== JSON.stringify(stack.tags);
      return { changes, failure: changed ? undefined : NO_CHANGES };
    } catch (error) {
      return { changes: [], failure: reasonOf(error) };
    }
  };

  return { actions, find };
}

function changeSetShape(changeSet: ChangeSet, withValues: boolean): Record<string, unknown> {
  const { stack, source, options } = changeSet;
  return {
    ChangeSetName: changeSet.name,
    ChangeSetId: changeSet.id,
    StackId: stack.id,
    StackName: stack.name,
    Description: changeSet.description,
    Parameters: parameterShapes(source.template, options.parameters),
    CreationTime: time(changeSet.createdAt),
    ExecutionStatus: changeSet.executionStatus,
    Status: changeSet.status,
    StatusReason: changeSet.statusReason,
    NotificationARNs: stack.notificationArns,
    RollbackConfiguration: {},
    Capabilities: options.capabilities,
    Tags: tagShapes(options.tags),
    Changes: changeSet.changes.map((change) => changeShape(change, withValues)),
    IncludeNestedStacks: changeSet.includeNestedStacks,
  };
}
