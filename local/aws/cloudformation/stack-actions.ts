/** Stacks: create, change, delete, and everything there is to ask about them. */
import { planStack } from '../../assembly/plan.ts';
import { isBusy } from '../../assembly/stack.ts';
import type { Stack } from '../../assembly/stack.ts';
import { stackDoesNotExist } from '../../assembly/stacks.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import type { Action, ChangeSets } from './change-sets.ts';
import {
  asText,
  eventShape,
  resourceShape,
  resourceSummaryShape,
  stackShape,
  stackSummaryShape,
} from './describe.ts';
import { flag, optionalText, requiredText, tagsIn, textList, validationError } from './input.ts';
import {
  checkCapabilities,
  neededCapabilities,
  parametersOf,
  parseTemplate,
  templateOf,
} from './template-source.ts';
import type { ChangeOptions, Work } from './work.ts';

const STACK_NAME = /^[a-zA-Z][-a-zA-Z0-9]{0,127}$/;
/** Events of one answer. API_DescribeStackEvents: 1 MB; about as many. */
const EVENTS_PER_PAGE = 100;
const ROLLBACKABLE = ['CREATE_FAILED', 'UPDATE_FAILED', 'UPDATE_ROLLBACK_FAILED'];

export function stackActions(work: Work, changeSets: ChangeSets): Readonly<Record<string, Action>> {
  const { context, stacks } = work;
  const named = (input: Input): Stack => work.existing(requiredText(input, 'StackName'));

  const optionsOf = (
    input: Input,
    parameters: ChangeOptions['parameters'],
    capabilities: readonly string[],
  ): ChangeOptions => {
    const onFailure = optionalText(input, 'OnFailure') ?? 'ROLLBACK';
    return {
      parameters,
      capabilities,
      tags: tagsIn(input),
      rollback: !flag(input, 'DisableRollback') && onFailure !== 'DO_NOTHING',
      deleteOnFailure: onFailure === 'DELETE',
      roleArn: optionalText(input, 'RoleARN'),
      token: optionalText(input, 'ClientRequestToken'),
    };
  };

  const resourceOf = (input: Input): { readonly stack: Stack; readonly logicalId: string } => {
    const stack = named(input);
    const logicalId = requiredText(input, 'LogicalResourceId');
    if (!stack.resources.has(logicalId)) {
      throw validationError(`Resource ${logicalId} does not exist for stack ${stack.name}`);
    }
    return { stack, logicalId };
  };

  return {
    async CreateStack(input) {
      const name = requiredText(input, 'StackName');
      if (!STACK_NAME.test(name)) {
        throw validationError(
          `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
        );
      }
      const known = stacks.byName.get(name);
      if (known !== undefined && known.status !== 'REVIEW_IN_PROGRESS') {
        throw new AwsError('AlreadyExistsException', `Stack [${name}] already exists`);
      }
      const source = await templateOf(context, input, undefined);
      const parameters = parametersOf(input, source.template, undefined);
      const options = optionsOf(input, parameters, checkCapabilities(input, source.template));
      const stack = known ?? stacks.add(name);
      stack.terminationProtection = flag(input, 'EnableTerminationProtection');
      work.begin(stack, source, options);
      return { StackId: stack.id };
    },
    async UpdateStack(input) {
      const stack = named(input);
      const source = await templateOf(context, input, stack);
      const parameters = parametersOf(input, source.template, stack);
      const capabilities = checkCapabilities(input, source.template);
      work.checkUpdatable(stack);
      const target = { stackName: stack.name, stackId: stack.id, template: source.template, parameters };
      const { hasChanges } = await planStack(stacks, stack, target);
      const options = optionsOf(input, parameters, capabilities);
      const tags = input['Tags'] === undefined ? stack.tags : options.tags;
      if (!hasChanges && JSON.stringify(tags) === JSON.stringify(stack.tags)) {
        throw validationError('No updates are to be performed.');
      }
      work.begin(stack, source, { ...options, tags });
      return { StackId: stack.id };
    },
    DeleteStack(input) {
      const stack = stacks.find(requiredText(input, 'StackName'));
      if (stack === undefined || stack.status === 'DELETE_COMPLETE') return {};
      if (stack.terminationProtection) {
        throw validationError(
          `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`,
        );
      }
      if (isBusy(stack)) {
        throw validationError(`Stack [${stack.id}] cannot be deleted while in status ${stack.status}`);
      }
      work.beginDeletion(
        stack,
        textList(input, 'RetainResources'),
        optionalText(input, 'ClientRequestToken'),
      );
      return {};
    },
    ContinueUpdateRollback: (input) => rollBack(work, named(input), input),
    RollbackStack: (input) => rollBack(work, named(input), input),
    UpdateTerminationProtection(input) {
      const stack = named(input);
      stack.terminationProtection = flag(input, 'EnableTerminationProtection');
      stacks.save(stack);
      return { StackId: stack.id };
    },
    DescribeStacks(input) {
      const name = optionalText(input, 'StackName');
      const found = name === undefined ? [...stacks.byName.values()] : [stacks.find(name)];
      const Stacks = found.map((stack) => {
        if (stack === undefined) throw stackDoesNotExist(name ?? '');
        return stackShape(stacks, stack);
      });
      return { Stacks };
    },
    ListStacks(input) {
      const wanted = textList(input, 'StackStatusFilter');
      const all = [...stacks.byName.values(), ...stacks.deleted];
      return {
        StackSummaries: all
          .filter(({ status }) => wanted.length === 0 || wanted.includes(status))
          .map((stack) => stackSummaryShape(stacks, stack)),
      };
    },
    DescribeStackEvents(input) {
      const stack = named(input);
      const newest = stack.events.toReversed();
      const from = Number(optionalText(input, 'NextToken') ?? 0);
      const until = from + EVENTS_PER_PAGE;
      return {
        StackEvents: newest.slice(from, until).map((event) => eventShape(stack, event)),
        ...(until < newest.length && { NextToken: String(until) }),
      };
    },
    DescribeEvents(input) {
      const changeSet = optionalText(input, 'ChangeSetName');
      const stack =
        changeSet === undefined
          ? named(input)
          : changeSets.find(changeSet, optionalText(input, 'StackName')).stack;
      const { FailedEvents } = (input['Filters'] ?? {}) as { readonly FailedEvents?: unknown };
      const failedOnly = String(FailedEvents) === 'true';
      const events = changeSet === undefined ? stack.events.toReversed() : [];
      return {
        OperationEvents: events
          .filter(({ status }) => !failedOnly || status.endsWith('_FAILED'))
          .map((event) => ({ ...eventShape(stack, event), EventType: 'STACK_EVENT' })),
      };
    },
    DescribeStackResource(input) {
      const { stack, logicalId } = resourceOf(input);
      const resource = stack.resources.get(logicalId);
      return { StackResourceDetail: resource && resourceDetail(resourceShape(stack, resource)) };
    },
    DescribeStackResources(input) {
      const physicalId = optionalText(input, 'PhysicalResourceId');
      const logicalId = optionalText(input, 'LogicalResourceId');
      const holder =
        optionalText(input, 'StackName') === undefined && physicalId !== undefined
          ? [...stacks.byName.values()].find((each) =>
              [...each.resources.values()].some((resource) => resource.physicalId === physicalId),
            )
          : named(input);
      if (holder === undefined) throw validationError(`Stack for ${physicalId} does not exist`);
      const found = [...holder.resources.values()].filter(
        (resource) =>
          (logicalId === undefined || resource.logicalId === logicalId) &&
          (physicalId === undefined || resource.physicalId === physicalId),
      );
      return { StackResources: found.map((resource) => resourceShape(holder, resource)) };
    },
    ListStackResources(input) {
      const stack = named(input);
      return { StackResourceSummaries: [...stack.resources.values()].map(resourceSummaryShape) };
    },
    GetTemplate(input) {
      const changeSet = optionalText(input, 'ChangeSetName');
      const body =
        changeSet === undefined
          ? named(input).templateBody
          : changeSets.find(changeSet, optionalText(input, 'StackName')).source.body;
      return { TemplateBody: body, StagesAvailable: ['Original', 'Processed'] };
    },
    async GetTemplateSummary(input) {
      const name = optionalText(input, 'StackName');
      const stack = name === undefined ? undefined : work.existing(name);
      const template =
        stack === undefined ? (await templateOf(context, input, undefined)).template : stack.template;
      const capabilities = neededCapabilities(template);
      return {
        Parameters: Object.entries(template.Parameters ?? {}).map(([ParameterKey, parameter]) => ({
          ParameterKey,
          DefaultValue: parameter.Default === undefined ? undefined : asText(parameter.Default),
          ParameterType: parameter.Type,
          NoEcho: String(parameter.NoEcho ?? false) === 'true',
          Description: parameter.Description,
          ParameterConstraints:
            parameter.AllowedValues === undefined
              ? undefined
              : { AllowedValues: parameter.AllowedValues.map(String) },
        })),
        Description: template.Description,
        Capabilities: capabilities,
        ...(capabilities.length > 0 && { CapabilitiesReason: 'The template makes IAM resources.' }),
        ResourceTypes: [...new Set(Object.values(template.Resources ?? {}).map(({ Type }) => Type))],
        Metadata: template.Metadata && JSON.stringify(template.Metadata),
        Version: '2010-09-09',
      };
    },
    async ValidateTemplate(input) {
      const { body } = await templateOf(context, input, undefined);
      const template = parseTemplate(body);
      return {
        Parameters: Object.entries(template.Parameters ?? {}).map(([ParameterKey, parameter]) => ({
          ParameterKey,
          DefaultValue: parameter.Default === undefined ? undefined : asText(parameter.Default),
          NoEcho: String(parameter.NoEcho ?? false) === 'true',
          Description: parameter.Description,
        })),
        Description: template.Description,
        Capabilities: neededCapabilities(template),
      };
    },
    ListExports() {
      return {
        Exports: [...stacks.exports()].map(([Name, { value, stack }]) => ({
          ExportingStackId: stack.id,
          Name,
          Value: asText(value),
        })),
      };
    },
    ListImports(input) {
      const name = requiredText(input, 'ExportName');
      const importers = stacks.importers(name);
      if (importers.length === 0) throw validationError(`Export '${name}' is not imported by any stack.`);
      return { Imports: importers.map((stack) => stack.name) };
    },
    GetStackPolicy(input) {
      named(input);
      return {};
    },
  };
}

function rollBack(work: Work, stack: Stack, input: Input): object {
  if (!ROLLBACKABLE.includes(stack.status)) {
    throw validationError(`Stack:${stack.id} is in ${stack.status} state and can not be rolled back.`);
  }
  work.beginRollback(stack, optionalText(input, 'ClientRequestToken'));
  return { StackId: stack.id };
}

function resourceDetail(shape: Record<string, unknown>): Record<string, unknown> {
  const { Timestamp, ...rest } = shape;
  return { ...rest, LastUpdatedTimestamp: Timestamp };
}
