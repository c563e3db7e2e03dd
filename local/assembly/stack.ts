/** What is remembered of a stack: enough to show it, to change it into what a new template says, and to take it away. */
import type { Json, JsonObject, Template } from '../../lib/assembly/template.ts';

/** A resource as it is. A change makes a new value, so that an older one can be gone back to. */
export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  /** What `Fn::GetAtt` gives. */
  readonly attributes: JsonObject;
  /** Resolved, but for dynamic references: no secret is kept here. */
  readonly properties: JsonObject;
  /** Which deployment of its stack made it; part of the names that are generated for it. */
  readonly generation: number;
  /** Logical ids it refers to or depends on. It goes before they do. */
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
  /** Why it is all right that it does nothing here. */
  readonly inertBecause?: string;
  /** Why it is not there at all. */
  readonly notRunBecause?: string;
  /** Only there for CDK or CloudFormation itself. */
  readonly bookkeeping?: boolean;
  readonly status: string;
  readonly statusReason?: string;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

export interface StackOutput {
  readonly name: string;
  readonly value: Json;
  readonly description?: string;
  readonly exportName?: string;
}

export interface StackEvent {
  readonly id: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly at: number;
  /** The token of the request that led to it. */
  readonly token?: string;
}

export interface Stack {
  readonly id: string;
  readonly name: string;
  /** The construct path, for people. */
  displayName: string;
  status: string;
  statusReason: string | undefined;
  template: Template;
  /** As it was given; what GetTemplate answers. */
  templateBody: string;
  /** Given values, by name. */
  parameters: Readonly<Record<string, string>>;
  tags: Readonly<Record<string, string>>;
  capabilities: readonly string[];
  roleArn: string | undefined;
  notificationArns: readonly string[];
  terminationProtection: boolean;
  disableRollback: boolean;
  readonly createdAt: number;
  updatedAt: number | undefined;
  deletedAt: number | undefined;
  readonly parentId: string | undefined;
  resources: Map<string, StackResource>;
  outputs: readonly StackOutput[];
  /** Names of exports it uses. */
  imports: readonly string[];
  events: StackEvent[];
  /** Properties no provider knows, as `logicalId.property`. */
  ignoredProperties: readonly IgnoredProperty[];
  /** Deployments that were begun, those of former stacks of this name included. */
  deployments: number;
  /** True until the first change after a restart: what a process held in memory may be gone. */
  restored: boolean;
}

export interface IgnoredProperty {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly property: string;
}

/** Events kept of one stack. */
const MAXIMUM_EVENTS = 2000;

/** No two events of a stack have the same time, so that whoever sorts them by it gets their order. */
export function addEvent(stack: Stack, event: StackEvent): void {
  const last = stack.events.at(-1)?.at ?? 0;
  stack.events.push({ ...event, at: Math.max(event.at, last + 1) });
  if (stack.events.length > MAXIMUM_EVENTS) stack.events = stack.events.slice(-MAXIMUM_EVENTS);
}

/** True while something runs on the stack: nothing else may begin. */
export function isBusy(stack: Stack): boolean {
  return stack.status.endsWith('_IN_PROGRESS') && stack.status !== 'REVIEW_IN_PROGRESS';
}

/** The logical ids so that each comes after everything it depends on. */
export function inDependencyOrder(resources: ReadonlyMap<string, StackResource>): readonly string[] {
  const ordered = new Set<string>();
  const visit = (logicalId: string, path: ReadonlySet<string>): void => {
    const resource = resources.get(logicalId);
    if (resource === undefined || ordered.has(logicalId) || path.has(logicalId)) return;
    const further = new Set([...path, logicalId]);
    for (const dependency of resource.dependsOn) visit(dependency, further);
    ordered.add(logicalId);
  };
  for (const logicalId of resources.keys()) visit(logicalId, new Set());
  return [...ordered];
}
