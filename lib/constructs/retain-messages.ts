/** Keeps what holds messages, or is known by its name outside, when its stack or its construct goes. */
import { RemovalPolicies } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Topics, buses and archives are on the list because others know their ARN: made anew they are somebody else. */
const RETAINED_TYPES = [
  'AWS::Events::Archive',
  'AWS::Events::EventBus',
  'AWS::EventsV2::EventBus',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
];

/**
 * Queues with their dead letters, topics, buses and archives below `scope` stay in the account when they leave
 * the template. A resource whose creation fails is not kept, so the next deployment finds its name free.
 * Who takes a consumer away for good deletes its queues by hand, after a look into them.
 *
 * @example
 * if (production) retainMessages(app);
 */
export function retainMessages(scope: IConstruct): void {
  RemovalPolicies.of(scope).retainOnUpdateOrDelete({ applyToResourceTypes: RETAINED_TYPES });
}
