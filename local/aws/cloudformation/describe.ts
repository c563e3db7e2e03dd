/** Stacks, resources and events in the words of the API. */
import type { PlannedChange } from '../../assembly/plan.ts';
import type { Stack, StackEvent, StackResource } from '../../assembly/stack.ts';
import type { Stacks } from '../../assembly/stacks.ts';
import type { Json, Template } from '../../../lib/assembly/template.ts';

type Shape = Record<string, unknown>;

const HIDDEN = '****';
const NOT_CHECKED = { StackDriftStatus: 'NOT_CHECKED' };

export function stackShape(stacks: Stacks, stack: Stack): Shape {
  const parent = stack.parentId === undefined ? undefined : stacks.find(stack.parentId);
  return {
    StackId: stack.id,
    StackName: stack.name,
    Description: stack.template.Description,
    Parameters: parameterShapes(stack.template, stack.parameters),
    CreationTime: time(stack.createdAt),
    LastUpdatedTime: time(stack.updatedAt),
    DeletionTime: time(stack.deletedAt),
    RollbackConfiguration: {},
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    DisableRollback: stack.disableRollback,
    NotificationARNs: stack.notificationArns,
    Capabilities: stack.capabilities,
    Outputs: stack.outputs.map(({ name, value, description, exportName }) => ({
      OutputKey: name,
      OutputValue: asText(value),
      Description: description,
      ExportName: exportName,
    })),
    RoleARN: stack.roleArn,
    Tags: tagShapes(stack.tags),
    EnableTerminationProtection: stack.terminationProtection,
    ParentId: stack.parentId,
    RootId: parent && rootOf(stacks, parent).id,
    DriftInformation: NOT_CHECKED,
  };
}

export function stackSummaryShape(stacks: Stacks, stack: Stack): Shape {
  const shape = stackShape(stacks, stack);
  const { StackId, StackName, StackStatus, StackStatusReason, CreationTime, LastUpdatedTime } = shape;
  const { DeletionTime, ParentId, RootId, DriftInformation } = shape;
  return {
    StackId,
    StackName,
    TemplateDescription: stack.template.Description,
    CreationTime,
    LastUpdatedTime,
    DeletionTime,
    StackStatus,
    StackStatusReason,
    ParentId,
    RootId,
    DriftInformation,
  };
}

export function resourceShape(stack: Stack, resource: StackResource): Shape {
  return {
    StackName: stack.name,
    StackId: stack.id,
    ...resourceSummaryShape(resource),
    Timestamp: time(resource.changedAt),
    Metadata: metadataOf(stack, resource),
  };
}

export function resourceSummaryShape(resource: StackResource): Shape {
  const reason = resource.notRunBecause ?? resource.inertBecause;
  return {
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    LastUpdatedTimestamp: time(resource.changedAt),
    ResourceStatus: resource.status,
    ResourceStatusReason:
      resource.statusReason ??
      (resource.notRunBecause === undefined ? reason : `Does not run here: ${resource.notRunBecause}`),
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  };
}

export function eventShape(stack: Stack, event: StackEvent): Shape {
  return {
    StackId: stack.id,
    EventId: event.id,
    StackName: stack.name,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: time(event.at),
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ClientRequestToken: event.token,
  };
}

export function parameterShapes(
  template: Template,
  given: Readonly<Record<string, string>>,
): readonly Shape[] {
  return Object.entries(template.Parameters ?? {}).map(([name, { Default, NoEcho }]) => ({
    ParameterKey: name,
    ParameterValue: NoEcho === true || NoEcho === 'true' ? HIDDEN : (given[name] ?? asText(Default ?? '')),
  }));
}

export function tagShapes(tags: Readonly<Record<string, string>>): readonly Shape[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** `withValues` adds what each property was and will be. */
export function changeShape(change: PlannedChange, withValues: boolean): Shape {
  const { action, logicalId, physicalId, type, replacement, scope, details, before, after } = change;
  return {
    Type: 'Resource',
    ResourceChange: {
      Action: action,
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      Replacement: replacement,
      Scope: scope,
      Details: details.map((detail) => ({
        Target: {
          Attribute: 'Properties',
          Name: detail.property,
          RequiresRecreation: detail.recreates ? 'Always' : 'Never',
          ...(withValues && {
            Path: `/Properties/${detail.property}`,
            BeforeValue: detail.before === undefined ? undefined : asText(detail.before),
            AfterValue: detail.after === undefined ? undefined : asText(detail.after),
            AttributeChangeType:
              detail.before === undefined ? 'Add' : detail.after === undefined ? 'Remove' : 'Modify',
          }),
        },
        Evaluation: 'Static',
        ChangeSource: 'DirectModification',
      })),
      ...(withValues && {
        BeforeContext: before && JSON.stringify({ Properties: before }),
        AfterContext: after && JSON.stringify({ Properties: after }),
      }),
    },
  };
}

export function asText(value: Json): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function time(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}

function metadataOf(stack: Stack, { logicalId }: StackResource): string | undefined {
  const metadata = stack.template.Resources?.[logicalId]?.Metadata;
  return metadata && JSON.stringify(metadata);
}

function rootOf(stacks: Stacks, stack: Stack): Stack {
  const parent = stack.parentId === undefined ? undefined : stacks.find(stack.parentId);
  return parent === undefined ? stack : rootOf(stacks, parent);
}
