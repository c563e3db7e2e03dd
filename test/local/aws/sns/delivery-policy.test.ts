/** Delivery policies: whose holds, and what its phases mean. */
import { expect, test } from '@jest/globals';

import {
  deliveryPolicyFault,
  deliveryPolicyOf,
  httpRetries,
} from '../../../../local/aws/sns/delivery-policy.ts';
import type { Subscription, Topic } from '../../../../local/aws/sns/model.ts';

const policyOf = (topic: object | undefined, subscription: object | undefined) => {
  const holder = (policy: object | undefined) => ({
    attributes: new Map(policy ? [['DeliveryPolicy', JSON.stringify(policy)]] : []),
  });
  return deliveryPolicyOf(holder(topic) as Topic, holder(subscription) as Subscription);
};

/** Seconds before each retry. */
const delays = (healthyRetryPolicy: object) => {
  const retries = httpRetries(policyOf(undefined, { healthyRetryPolicy }));
  return Array.from(
    { length: retries.maximumRetries },
    (_, index) => retries.delayMilliseconds(index + 1) / 1_000,
  );
};

test('without a policy: three retries, 20 seconds apart', () => {
  expect(delays({})).toEqual([20, 20, 20]);
});

test('the four phases of the example in the guide', () => {
  const all = delays({
    minDelayTarget: 1,
    maxDelayTarget: 60,
    numRetries: 50,
    numNoDelayRetries: 3,
    numMinDelayRetries: 2,
    numMaxDelayRetries: 35,
    backoffFunction: 'exponential',
  });
  const backoff = all.slice(5, 15);

  expect(all.slice(0, 5)).toEqual([0, 0, 0, 1, 1]);
  expect([backoff[0], backoff.at(-1)]).toEqual([1, 60]);
  expect(backoff.toSorted((a, b) => a - b)).toEqual(backoff);
  expect(all.slice(15)).toEqual(Array.from({ length: 35 }, () => 60));
});

test.each(['linear', 'arithmetic', 'geometric', 'exponential'])(
  '%s goes from the smallest to the largest delay',
  (backoffFunction) => {
    const all = delays({ minDelayTarget: 5, maxDelayTarget: 260, numRetries: 10, backoffFunction });

    expect([all[0], all.at(-1)]).toEqual([5, 260]);
    expect(all.toSorted((a, b) => a - b)).toEqual(all);
  },
);

test('linear steps are even, the other curves begin flat', () => {
  const middle = (backoffFunction: string) =>
    delays({ minDelayTarget: 10, maxDelayTarget: 110, numRetries: 3, backoffFunction })[1] ?? 0;

  expect(middle('linear')).toBe(60);
  for (const curve of ['arithmetic', 'geometric', 'exponential']) expect(middle(curve)).toBeLessThan(60);
});

test("a subscription's policy is stronger than its topic's, unless the topic forbids it", () => {
  const topic = (disableSubscriptionOverrides: boolean) => ({
    http: { defaultHealthyRetryPolicy: { numRetries: 7 }, disableSubscriptionOverrides },
  });
  const own = { healthyRetryPolicy: { numRetries: 1 } };

  expect(policyOf(topic(false), undefined).healthyRetryPolicy.numRetries).toBe(7);
  expect(policyOf(topic(false), own).healthyRetryPolicy.numRetries).toBe(1);
  expect(policyOf(topic(true), own).healthyRetryPolicy.numRetries).toBe(7);
});

test('all delays together are at most an hour', () => {
  const names = ['healthyRetryPolicy', 'throttlePolicy', 'requestPolicy'] as const;
  const fault = (numRetries: number) =>
    deliveryPolicyFault(
      { healthyRetryPolicy: { minDelayTarget: 600, maxDelayTarget: 600, numRetries } },
      names,
    );

  expect(fault(6)).toBeUndefined();
  expect(fault(7)).toContain('3600 seconds');
});
