/** What an assembly is made of: stacks, and their resources with properties resolved. */
import type { Topology } from '../topology/index.ts';
import type { Place } from './arn.ts';
import type { JsonObject, Template, TemplateResource } from './template.ts';

/** A stack as it is given: from a cloud assembly, or by a test. */
export interface SourceStack {
  /** The name in CloudFormation. */
  readonly stackName: string;
  /** @default - {@link UNKNOWN_PLACE}'s: the stack is agnostic of its account */
  readonly account?: string | undefined;
  /** @default - {@link UNKNOWN_PLACE}'s: the stack is agnostic of its Region */
  readonly region?: string | undefined;
  readonly template: Template;
  /** Values of parameters. Those without one take their default. */
  readonly parameters?: Readonly<Record<string, string>>;
  /**
   * The construct path of a logical id, of the stack itself or of a nested stack with this construct path.
   * @default - the path in the resource's metadata, else the stack's name and the logical id
   */
  readonly constructPath?: (logicalId: string, nestedStack?: string) => string | undefined;
  /** The file of a nested stack's template, by the nested stack's construct path. */
  readonly nestedTemplateFile?: (nestedStack: string) => string | undefined;
  /** The template of a nested stack, by its file. */
  readonly nestedTemplate?: (path: string) => Template | undefined;
}

/** Where a stack is taken to be that does not say. */
export const UNKNOWN_PLACE: Place = { accountId: '123456789012', region: 'us-east-1' };

export interface AssemblyStack extends Place {
  readonly stackName: string;
  readonly template: Template;
  /** False where the stack says neither account nor Region, so that its ARNs are made up in that too. */
  readonly isPlaced: boolean;
}

export interface Resource extends Place {
  readonly stack: AssemblyStack;
  readonly logicalId: string;
  /** For example `AWS::SQS::Queue`. */
  readonly type: string;
  /** The path of the CDK construct, without a trailing `/Resource`; `STACK/LOGICALID` where it is not known. */
  readonly constructPath: string;
  /** What `Ref` gives. */
  readonly ref: string;
  readonly name: string;
  readonly arn: string | undefined;
  /** Without intrinsic functions; see `isUnknown` for what only AWS knows. */
  readonly properties: JsonObject;
  /** As it stands in the template. */
  readonly source: TemplateResource;
}

export interface Assembly {
  readonly stacks: readonly AssemblyStack[];
  readonly resources: readonly Resource[];
  /** What Waybill's constructs declared; undefined in applications without any. */
  readonly topology: Topology | undefined;
  ofType(...types: readonly string[]): readonly Resource[];
  /** By ARN, of a function also with a qualifier; by queue URL; undefined for what is not in the assembly. */
  find(arn: unknown): Resource | undefined;
}
