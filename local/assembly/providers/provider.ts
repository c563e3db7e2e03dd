/** What a provider is: it makes one resource type of CloudFormation in the embedded AWS, and says what it leaves out. */
import { createHash } from 'node:crypto';

import type { AwsContext } from '../../aws/context.ts';
import type { ImageAsset } from '../../../lib/assembly/cloud-assembly.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

export interface Provider {
  /** Properties that have an effect here. */
  readonly honoured: readonly string[];
  /** Properties that are known to have none here, and need none. */
  readonly inert: readonly string[];
  create(properties: JsonObject, context: ProviderContext): Promise<Created>;
  /** Properties whose change takes a new resource: CloudFormation's "Update requires: Replacement". */
  readonly replacedOnChange?: readonly string[];
  /** Applies changed properties to the resource that is there. Without it, every change takes a new resource. */
  update?(
    created: Created,
    properties: JsonObject,
    previous: JsonObject,
    context: ProviderContext,
  ): Promise<Created>;
  /** Takes the resource away. Without it, the resource stays when its template loses it. */
  delete?(created: Created, properties: JsonObject, context: ProviderContext): Promise<void>;
}

export interface Created {
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** What `Fn::GetAtt` gives, by attribute name. */
  readonly attributes: JsonObject;
  /** Set when the resource is kept in the books but does nothing here: why that is all right. */
  readonly inertBecause?: string;
}

export interface ProviderContext {
  readonly type: string;
  readonly logicalId: string;
  readonly stackName: string;
  readonly stackId: string;
  readonly aws: AwsContext;
  readonly records: Records;
  /** The directory or file of an asset, by its object key. */
  readonly asset: (objectKey: string) => string | undefined;
  /** What a container image of the assembly is built from, by `REPOSITORY:TAG`. */
  readonly image: (repositoryAndTag: string) => ImageAsset | undefined;
  /** Where files that the template holds as text can be written. */
  readonly workDirectory: string;
  /** Undefined when the caller gave no way to start a database. */
  readonly startDatabase: StartDatabase | undefined;
  /** Calls an action of a service; throws `CannotRun` when that service does not run here. */
  call(service: string, action: string, input: Record<string, unknown>): Promise<JsonObject>;
  /** Makes or changes a stack of this name, with the assets of this one. */
  deployNestedStack(
    stackName: string,
    template: JsonObject,
    parameters: Readonly<Record<string, string>>,
  ): Promise<{ readonly stackId: string; readonly outputs: Readonly<Record<string, Json>> }>;
  /** By name or id; one that is not there is no error. */
  removeNestedStack(stackNameOrId: string): Promise<void>;
  /**
   * The name CloudFormation would generate: stack, logical id, a hash. The same in every run for what the first
   * deployment of a stack makes; what a later one makes gets another name than anything before it.
   */
  generatedName(maximumLength: number): string;
}

export interface DatabaseRequest {
  /** The cluster or instance identifier. */
  readonly identifier: string;
  readonly engine: string;
  readonly databaseName: string;
  readonly username: string;
  readonly password: string;
}

export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
}

/** Starts (or finds) a PostgreSQL database with this owner. Called once per cluster or standalone instance. */
export type StartDatabase = (request: DatabaseRequest) => Promise<DatabaseAddress>;

/** What has no life of its own in the embedded AWS yet, kept so that the console can use it. */
export interface Records {
  readonly databases: RecordedDatabase[];
  readonly apis: RecordedApi[];
}

export interface RecordedDatabase extends DatabaseAddress {
  readonly identifier: string;
  readonly databaseName: string;
  readonly username: string;
  readonly engine: string;
}

export interface RecordedApi {
  readonly name: string;
  readonly apiId: string;
  readonly url: string;
}

export function emptyRecords(): Records {
  return { databases: [], apis: [] };
}

/** Thrown by a provider for a resource that cannot run here. It is named in the banner; the deployment goes on. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}

/**
 * `<stack>-<logicalId>-<hash>`, cut in the middle to fit. The hash stands for CloudFormation's random part.
 *
 * @param generation the number of the stack's deployment that makes the resource
 * @param place the region, where there are several: names of IAM are the account's, and so must differ
 */
export function generatedName(
  stackName: string,
  logicalId: string,
  maximumLength: number,
  generation = 0,
  place?: string,
): string {
  const identity = [
    stackName,
    logicalId,
    ...(generation === 0 ? [] : [generation]),
    ...(place === undefined ? [] : [place]),
  ];
  const hash = createHash('sha256').update(identity.join('/')).digest('hex').slice(0, 12);
  const name = `${stackName}-${logicalId}`;
  return `${name.slice(0, maximumLength - hash.length - 1)}-${hash}`;
}

/** A resource id in EC2's style: `vpc-0a1b2c3d4e5f60718`. The same in every run. */
export function generatedId(prefix: string, stackName: string, logicalId: string): string {
  return `${prefix}-${createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex').slice(0, 17)}`;
}

export function textProperty(properties: JsonObject, name: string): string | undefined {
  const value = properties[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

export function objectProperty(properties: JsonObject, name: string): JsonObject {
  const value = properties[name];
  return isJsonObject(value) ? value : {};
}

export function listProperty(properties: JsonObject, name: string): readonly Json[] {
  const value = properties[name];
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function textsProperty(properties: JsonObject, name: string): string[] {
  return listProperty(properties, name).map(String);
}

/** CloudFormation takes `"30"` for 30 and `"true"` for true; the services' APIs do not. */
export function numberProperty(properties: JsonObject, name: string): number | undefined {
  const value = textProperty(properties, name);
  return value === undefined ? undefined : Number(value);
}

export function booleanProperty(properties: JsonObject, name: string): boolean | undefined {
  const value = textProperty(properties, name);
  return value === undefined ? undefined : value === 'true';
}

/** The object without its undefined members. */
export function defined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Attributes as SQS and SNS want them: every value a text, objects as JSON. */
export function attributeTexts(properties: JsonObject, names: readonly string[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const name of names) {
    const value = properties[name];
    if (value === undefined || value === null) continue;
    attributes[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  return attributes;
}

/** `[{Key, Value}]` as a map. */
export function tagsOf(properties: JsonObject): Readonly<Record<string, string>> {
  const tags = listProperty(properties, 'Tags').filter(isJsonObject);
  return Object.fromEntries(
    tags.map((tag) => [textProperty(tag, 'Key') ?? '', textProperty(tag, 'Value') ?? '']),
  );
}

/** The text of a member of an API's answer. */
export function answered(output: JsonObject, member: string): string {
  const value = output[member];
  if (typeof value === 'string') return value;
  throw new Error(`the answer holds no ${member}`);
}

const FIFO_SUFFIX = '.fifo';

/** The name CloudFormation gives a queue or topic that has none: a FIFO one ends in `.fifo`, which counts. */
export function generatedFifoName(context: ProviderContext, length: number, fifo: boolean): string {
  return fifo
    ? context.generatedName(length - FIFO_SUFFIX.length) + FIFO_SUFFIX
    : context.generatedName(length);
}
