/** The README's example: its event reaches its consumer, and nothing of it is too much. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { OrderPlaced } from '../../../examples/orders/events.ts';
import { OrdersStack } from '../../../examples/orders/stack.ts';
import { readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly } from '../../../lib/assembly/index.ts';
import { expectDelivery, proveAssembly } from '../../../lib/proofs/index.ts';
import { broken, changed, refusal } from './support.ts';

let assembly: Assembly;

beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { 'aws:cdk:bundling-stacks': [] },
  });
  new OrdersStack(app, 'Shop');
  assembly = readAssembly(app.synth().directory);
});
afterAll(() => {
  jest.restoreAllMocks();
});

test('an event of the catalogue reaches its consumer, by the names that the code uses', () => {
  expectDelivery(assembly)
    .of(OrderPlaced)
    .from('Orders')
    .reaches('Fulfilment')
    .reaches('fulfilment')
    .deadLettersTo('Fulfilment/DeadLetterQueue');
});

test('and so does everything that is declared', () => {
  const proofs = proveAssembly(assembly);

  expect(broken(proofs)).toEqual([]);
  expect(proofs.length).toBeGreaterThan(15);
});

test('a filter that names another event is told, with the example that is left out', () => {
  const wrong = changed(assembly, 'AWS::SNS::Subscription', '', (properties) => ({
    ...properties,
    FilterPolicy: { eventType: ['OrderPlacd'] },
  }));

  expect(refusal(() => expectDelivery(wrong).of(OrderPlaced).from('Orders').reaches('Fulfilment'))).toMatch(
    /FILTERED_OUT: \[Shop\/Fulfilment\/\S+\] the filter on attributes \{"eventType":\["OrderPlacd"\]\} does not let it through/,
  );
  expect(broken(proveAssembly(wrong))).toContainEqual(
    expect.stringMatching(
      /^OrderPlaced from Shop\/Orders to fulfilment: WAYBILL_PROOF_FILTERED_OUT: .* OrderPlaced: /,
    ),
  );
});
