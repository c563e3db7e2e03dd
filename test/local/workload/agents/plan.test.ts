/** The plan is the seed's, refers only to what was sent before, and has everything that the agents have to tell apart. */
import { expect, test } from '@jest/globals';
import { FEEDBACK_KINDS, PRODUCT_IDS, planFeedback } from '../../../../local/workload/agents/plan.ts';
import type { PlannedFeedback } from '../../../../local/workload/agents/plan.ts';

const plan = planFeedback({ seed: 7, count: 2_000 });
const feedbacks = plan.filter((entry): entry is PlannedFeedback => entry.kind !== 'vote');

test('the same seed makes the same plan, another one another', () => {
  expect(planFeedback({ seed: 7, count: 2_000 })).toEqual(plan);
  expect(planFeedback({ seed: 8, count: 2_000 })).not.toEqual(plan);
});

test('votes and copies are of what was sent well before, within its tenant', () => {
  const byIndex = new Map(feedbacks.map((entry) => [entry.index, entry]));
  for (const entry of plan) {
    if (entry.kind !== 'vote') continue;
    const voted = byIndex.get(entry.feedback);
    expect(voted?.tenantId).toBe(entry.tenantId);
    expect(entry.feedback).toBeLessThanOrEqual(entry.index - 16);
  }
  const copies = feedbacks.filter(({ kind }) => kind === 'copy');
  for (const { index, tenantId, body } of copies) {
    const words = body.text.toUpperCase().replace(/!+$/, '');
    const original = feedbacks.find(
      (one) => one.tenantId === tenantId && one.body.text.toUpperCase().replace(/!+$/, '') === words,
    );
    expect(original?.index).toBeLessThan(index);
    expect(original?.body.productId).toBe(body.productId);
  }
});

test('every kind, language, tenant and product is in it, and texts of their own are', () => {
  expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(FEEDBACK_KINDS));
  expect(new Set(feedbacks.map(({ body }) => body.language))).toEqual(
    new Set([undefined, 'en', 'de', 'fr', 'es']),
  );
  expect(new Set(feedbacks.map(({ tenantId, body }) => `${tenantId} ${body.productId}`)).size).toBe(
    3 * PRODUCT_IDS.length,
  );
  const own = feedbacks.filter(({ kind }) => kind === 'new' || kind === 'repeated');
  expect(new Set(own.map(({ body }) => body.text)).size).toBe(own.length);
});

test('a later round has other keys', () => {
  const [first] = planFeedback({ seed: 7, count: 1, from: 2_000 });
  expect(first?.index).toBe(2_000);
  expect(plan.map(({ idempotencyKey }) => idempotencyKey)).not.toContain(first?.idempotencyKey);
});
