import { describe, expect, test } from '@jest/globals';
import { isOptInRegion, snsDeliveryPrincipal } from '../../../lib/policies/index.ts';

describe('W5 the principal under which SNS delivers to a queue', () => {
  test.each([
    ['us-east-1', 'us-east-1', 'sns.amazonaws.com'],
    ['me-south-1', 'me-south-1', 'sns.amazonaws.com'],
    ['us-east-1', 'eu-west-1', 'sns.amazonaws.com'],
    ['ap-east-1', 'us-east-1', 'sns.ap-east-1.amazonaws.com'],
    ['us-east-1', 'ap-east-1', 'sns.ap-east-1.amazonaws.com'],
    ['me-south-1', 'eu-south-2', 'sns.eu-south-2.amazonaws.com'],
    ['cn-north-1', 'cn-northwest-1', 'sns.amazonaws.com'],
    ['us-gov-west-1', 'us-gov-east-1', 'sns.amazonaws.com'],
  ])('topic in %s, queue in %s: %s', (topicRegion, queueRegion, principal) => {
    expect(snsDeliveryPrincipal(topicRegion, queueRegion)).toBe(principal);
  });

  test('a Region that is launched in the future counts as opt-in', () => {
    expect(isOptInRegion('eu-central-9')).toBe(true);
  });
});
