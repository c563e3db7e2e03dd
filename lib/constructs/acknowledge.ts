/** Acknowledges a finding of cdk-nag or of a guard next to the construct it is about, with the reason it is right. */
import * as cdk from 'aws-cdk-lib';
import type { CfnResource } from 'aws-cdk-lib';
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

export interface GuardAcknowledgement {
  /** For example `W13`. */
  readonly id: string;
  /** What the finding says was received. With any other value the guards find it again. */
  readonly received: string;
  /** Why it is right here, and what remains. */
  readonly reason: string;
}

/** Where a template says which findings are acknowledged: what reads templates alone has no construct tree. */
export const ACKNOWLEDGED_METADATA = 'waybill:acknowledged';

/** For cdk-nag's pack, which keeps the finding in its report with the reason, and in the template for the guards. */
export function acknowledgeGuard(resource: CfnResource, acknowledgement: GuardAcknowledgement): void {
  const { id, received, reason } = acknowledgement;
  const earlier = resource.getMetadata(ACKNOWLEDGED_METADATA) as object | undefined;
  resource.addMetadata(ACKNOWLEDGED_METADATA, { ...earlier, [id]: { received, reason } });
  if (!('Validations' in cdk)) return;
  cdk.Validations.of(resource).acknowledge({ id: `Waybill::Waybill-${id}`, reason });
}
