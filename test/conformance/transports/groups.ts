/** Every case, by what it is about: for the suite and for the document. */
import type { Case } from './case.ts';
import { deliveryCases } from './cases/delivery.ts';
import { effectCases, repeatCases } from './cases/effects.ts';
import { failureCases } from './cases/failure.ts';
import { lifecycleCases } from './cases/lifecycle.ts';
import { orderCases } from './cases/order.ts';

export interface CaseGroup {
  readonly title: string;
  readonly cases: readonly Case[];
}

export const CASE_GROUPS: readonly CaseGroup[] = [
  { title: 'Delivery', cases: deliveryCases },
  {
    title: 'Repeats and effects',
    cases: [
      ...repeatCases,
      // The suite gives them its database.
      ...effectCases(() => {
        throw new Error('a database is needed');
      }),
    ],
  },
  { title: 'Failures, dead letters, redrive', cases: failureCases },
  { title: 'Order', cases: orderCases },
  { title: 'Readers that come, go and die', cases: lifecycleCases },
];
