/** How a function is named in requests: `name`, `account:function:name`, or an ARN, each with or without a qualifier. */

export interface FunctionReference {
  readonly name: string;
  /** A version, an alias or `$LATEST`. */
  readonly qualifier: string | undefined;
}

export function parseFunctionReference(reference: string): FunctionReference {
  const afterFunction = /(?:^|:)function:(.+)$/.exec(reference)?.[1] ?? reference;
  const [name = '', qualifier] = afterFunction.split(':');
  return { name, qualifier };
}

/** The ARN that a reference stands for. */
export function functionArnOf(
  { region, accountId }: { readonly region: string; readonly accountId: string },
  { name, qualifier }: FunctionReference,
): string {
  const suffix = qualifier === undefined ? '' : `:${qualifier}`;
  return `arn:aws:lambda:${region}:${accountId}:function:${name}${suffix}`;
}
