/** The application: what was there before, and two stacks that use Waybill. */
import { App } from 'aws-cdk-lib';
import { ExistingStack } from '../lib/existing-stack.ts';
import { FulfilmentStack } from '../lib/fulfilment-stack.ts';
import { OrdersStack } from '../lib/orders-stack.ts';

const app = new App();
const existing = new ExistingStack(app, 'Existing');
const { orders } = new OrdersStack(app, 'Orders', { accounting: existing.accounting });
new FulfilmentStack(app, 'Fulfilment', { orders });
