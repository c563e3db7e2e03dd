/** Acknowledges a finding of cdk-nag next to the construct it is about, with the reason it is right. */
import * as cdk from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** The pack as it names itself in the report; a bare id would drop the finding without a trace. */
const PACK = 'AwsSolutions';

/**
 * @param id the finding as cdk-nag names it, for example `AwsSolutions-IAM5[Resource::*]`; no wildcards
 * @param reason why the finding is acceptable here
 */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  // Older releases of CDK have none of this, nor does the cdk-nag that reads it run on them.
  if (!('Validations' in cdk)) return;
  cdk.Validations.of(construct).acknowledge({ id: `${PACK}::${id}`, reason });
}
