/** What IAM keeps: roles, and managed policies. Plain JSON, so that a state directory can hold it. */

export interface Role {
  readonly name: string;
  /** `/`, or what the role was put under, e.g. `/service/`. */
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly createdAt: number;
  readonly description: string | undefined;
  readonly maximumSessionSeconds: number;
  /** Who may act in the role, as JSON text. */
  readonly trustPolicy: string;
  /** Documents by name, as JSON text. */
  readonly inlinePolicies: Readonly<Record<string, string>>;
  readonly managedPolicyArns: readonly string[];
  readonly boundaryArn: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface ManagedPolicy {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly createdAt: number;
  readonly description: string | undefined;
  /** As JSON text. */
  readonly document: string;
}
