import { expect, test } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expectDelivery } from '../../../lib/proofs/index.ts';
import { assemblyFrom } from '../guards/support.ts';

const PLACED = { source: 'shop', detailType: 'OrderPlaced', detail: { total: 5 } };

/** A rule that takes events of one account only, with the default retries of EventBridge. */
function ruleFor(account: string) {
  return assemblyFrom((app) => {
    const stack = new Stack(app, 'Shop', { env: { account: '111111111111', region: 'eu-west-1' } });
    const deadLetterQueue = new Queue(stack, 'Lost');
    new Rule(stack, 'Invoices', {
      eventBus: new EventBus(stack, 'Bus'),
      eventPattern: { source: ['shop'], account: [account], region: ['eu-west-1'] },
      targets: [new SqsQueue(new Queue(stack, 'Invoicing'), { deadLetterQueue })],
    });
  });
}

test('an event is of the account and Region of the bus it is put on', () => {
  const delivery = (account: string) => expectDelivery(ruleFor(account)).of(PLACED).from('Shop/Bus');

  expect(() => delivery('111111111111').reaches('Invoicing').deadLettersTo('Lost')).not.toThrow();
  expect(() => delivery('222222222222').reaches('Invoicing')).toThrow(
    'WAYBILL_PROOF_FILTERED_OUT: [Shop/Invoices]',
  );
});
