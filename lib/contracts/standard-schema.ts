/**
 * The Standard Schema interface, version 1 (https://standardschema.dev), so that any validator that
 * implements it can describe an event's data and no validator has to be imported here.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type InferInput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input'];
export type InferOutput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/** One line per issue, `path: message`. Values are never repeated, because they may be personal data. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  return issues
    .map((issue) => {
      const path = (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
      return path.length === 0 ? issue.message : `${path.join('.')}: ${issue.message}`;
    })
    .join('; ');
}
